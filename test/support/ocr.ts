import { collect, ffmpeg } from './ffmpeg';

/**
 * The words in a picture, as tesseract reads them. Small pictures are made larger first: letters of less than 20 pixels are hard
 * for it.
 */
export async function readPicture(file: string, languages = 'eng'): Promise<string> {
  const larger = await ffmpeg([
    '-i',
    file,
    '-vf',
    'scale=iw*3:ih*3:flags=lanczos,format=gray',
    '-f',
    'image2pipe',
    '-c:v',
    'png',
    '-',
  ]);
  const text = await collect('tesseract', ['stdin', 'stdout', '-l', languages, '--psm', '11', '--dpi', '200'], larger);

  return text.toString().replace(/\s+/g, ' ').trim();
}
