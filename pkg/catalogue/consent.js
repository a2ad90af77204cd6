/** Consent: what leaves the device for a search in a catalogue, in a sentence for people. */

/**
 * What is to be sent, if the visitor agrees.
 * @typedef {Object} CatalogueRequest
 * @property {string} host of the catalogue's service
 * @property {number} bytes that are sent
 * @property {number} pieces of three seconds that they describe
 * @property {string} sentence all of this in words, to be shown beside the button
 */

/**
 * Asks the visitor. Nothing is sent unless the answer is `true`.
 * @typedef {(request: CatalogueRequest) => boolean | Promise<boolean>} Agree
 */

/**
 * @param {URL} url of the service
 * @param {Uint8Array} query
 * @param {number} pieces
 * @returns {CatalogueRequest}
 */
export function catalogueRequest({ host }, query, pieces) {
  const size = query.length < 1e6 ? `${Math.ceil(query.length / 1e3)} kB` : `${(query.length / 1e6).toFixed(1)} MB`;
  const sentence =
    `Numbers that describe ${pieces} three-second pieces of your song (${size}) are sent to ${host}. ` +
    "The sound and the name of your song stay on this device.";
  return { host, bytes: query.length, pieces, sentence };
}

/**
 * The same before the song is analysed.
 * @param {string} host
 * @param {boolean} wasSent whether numbers of this song may have left the device before
 */
export function generalSentence(host, wasSent) {
  const beginning = wasSent ? "If you agree again," : "Nothing has been sent yet. If you agree,";
  return (
    `${beginning} numbers that describe three-second pieces of your song ` +
    `(about 11 kB a minute) are sent to ${host}, which answers with songs that resemble it. ` +
    "The sound and the name of your song stay on this device."
  );
}
