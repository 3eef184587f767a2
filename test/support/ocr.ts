import { collect, ffmpeg } from './ffmpeg';

/** The words in a picture, as tesseract reads them. Small ones are made larger first: letters of less than 20 pixels are hard for it. */
export async function readPicture(file: string, languages = 'eng'): Promise<string> {
  const larger = ["scale='if(lt(iw,800),iw*3,iw)':-1:flags=lanczos", 'format=gray'].join(',');
  const png = await ffmpeg(['-i', file, '-vf', larger, '-f', 'image2pipe', '-c:v', 'png', '-']);
  const text = await collect('tesseract', ['stdin', 'stdout', '-l', languages, '--psm', '11', '--dpi', '200'], png);

  return text.toString().replace(/\s+/g, ' ').trim();
}
