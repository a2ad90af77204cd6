/** Files that `audio.js` and the example `onnx` made. */

/** @param {string} name */
export async function madeFile(name) {
  const response = await fetch(`/made/${name}`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.blob();
}

/** @param {string} name */
export async function madeFloats(name) {
  return new Float32Array(await (await madeFile(name)).arrayBuffer());
}
