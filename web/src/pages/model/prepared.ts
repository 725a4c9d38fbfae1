/** An image as it is sent: its bytes in base64, upright, at most as large as the API takes. */
export interface Prepared {
  base64: string;
  url: string;
  width: number;
  height: number;
}

const MOST_BYTES = 4 * 1024 * 1024;
const LONGEST = 4096;

/** Makes an image ready to be asked about: as it is, unless it is too large or of another format. Throws Error. */
export async function prepared(file: Blob): Promise<Prepared> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error("This is not an image that the browser can read. Choose a JPEG or PNG file.");
  }
  const { width, height } = bitmap;
  const fits = file.size <= MOST_BYTES && Math.max(width, height) <= LONGEST && /^image\/(jpeg|png)$/.test(file.type);
  const sent = fits ? file : await smaller(bitmap);
  bitmap.close();
  const bytes = new Uint8Array(await sent.arrayBuffer());
  return { base64: encoded(bytes), url: URL.createObjectURL(sent), width, height };
}

async function smaller(bitmap: ImageBitmap): Promise<Blob> {
  const scale = Math.min(1, 2048 / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The image could not be made smaller."))), "image/jpeg", 0.92),
  );
}

function encoded(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}
