import { Closer } from '../../../src/lib/closer';

describe('Closer', () => {
  test('closes what was opened last first, one after the other', async () => {
    const closer = new Closer();
    const order: string[] = [];
    closer.add('store', () => void order.push('store'));
    closer.add('edge', async () => {
      order.push('edge begins');
      await Promise.resolve();
      order.push('edge ends');
    });
    closer.add('http', () => void order.push('http'));
    await closer.close();
    expect(order).toEqual(['http', 'edge begins', 'edge ends', 'store']);
  });

  test('closes each once, however often and from wherever close is called', async () => {
    const closer = new Closer();
    let times = 0;
    closer.add('one', async () => {
      times += 1;
      await Promise.resolve();
    });
    await Promise.all([closer.close(), closer.close()]);
    await closer.close();
    expect(times).toBe(1);
  });

  test('one that throws or rejects is reported by its name and does not keep the others open', async () => {
    const reported: string[] = [];
    const closer = new Closer((name, error) => reported.push(`${name}: ${(error as Error).message}`));
    const order: string[] = [];
    closer.add('first', () => void order.push('first'));
    closer.add('rejects', () => Promise.reject(new Error('no')));
    closer.add('throws', () => {
      throw new Error('never');
    });
    await closer.close();
    expect(reported).toEqual(['throws: never', 'rejects: no']);
    expect(order).toEqual(['first']);
  });

  test('without anything to close it is done at once', async () => {
    await expect(new Closer().close()).resolves.toBeUndefined();
  });

  test('what is added while it closes is closed too', async () => {
    const closer = new Closer();
    const order: string[] = [];
    closer.add('outer', () => {
      order.push('outer');
      closer.add('late', () => void order.push('late'));
    });
    await closer.close();
    expect(order).toEqual(['outer', 'late']);
  });
});
