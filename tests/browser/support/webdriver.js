/**
 * Firefox for the tests, by the W3C WebDriver protocol: playwright-core can't run an unpatched
 * Firefox.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Key of an element's identifier in WebDriver (https://www.w3.org/TR/webdriver2/#elements). */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** The driver that `cargo xtask check` builds. */
const OWN_GECKODRIVER = fileURLToPath(new URL("../../../target/tools/bin/geckodriver", import.meta.url));

/** A headless Firefox with a fresh profile, and the one page that it shows. */
export class Firefox {
  #driver;
  #session;

  /**
   * @param {import("node:child_process").ChildProcess} driver
   * @param {string} session its address
   */
  constructor(driver, session) {
    this.#driver = driver;
    this.#session = session;
  }

  /**
   * @param {{ args?: string[], prefs?: Record<string, unknown> }} [options] beside those that make
   *   it headless
   */
  static async launch({ args = [], prefs = {} } = {}) {
    const program = process.env["GECKODRIVER"] ?? (existsSync(OWN_GECKODRIVER) ? OWN_GECKODRIVER : "geckodriver");
    const firefox = process.env["FIREFOX"];
    const driver = spawn(program, ["--port", "0", ...(firefox ? ["--binary", firefox] : [])], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const address = await listeningAddress(driver);
      const capabilities = { alwaysMatch: { "moz:firefoxOptions": { args: ["-headless", ...args], prefs } } };
      const { sessionId } = await ask("POST", `http://${address}/session`, { capabilities });
      return new Firefox(driver, `http://${address}/session/${sessionId}`);
    } catch (error) {
      driver.kill();
      throw error;
    }
  }

  /** @param {string} url */
  async open(url) {
    await ask("POST", `${this.#session}/url`, { url });
  }

  /** Clicks an element, which must be visible. @param {string} selector */
  async click(selector) {
    await ask("POST", `${this.#session}/element/${await this.#find(selector)}/click`, {});
  }

  /**
   * Chooses a file in a file input, instead of those chosen before.
   * @param {string} selector @param {string} path
   */
  async choose(selector, path) {
    const input = `${this.#session}/element/${await this.#find(selector)}`;
    await ask("POST", `${input}/clear`, {});
    await ask("POST", `${input}/value`, { text: path });
  }

  /**
   * Runs a function in the page and awaits its promise.
   * @template {any[]} Arguments
   * @template Result
   * @param {(...given: Arguments) => Result} work
   * @param {Arguments} given
   * @returns {Promise<Awaited<Result>>}
   */
  run(work, ...given) {
    return ask("POST", `${this.#session}/execute/sync`, { script: `return (${work})(...arguments)`, args: given });
  }

  /** Waits until a selector matches. @param {string} selector @param {number} timeoutMs */
  async waitFor(selector, timeoutMs) {
    const end = Date.now() + timeoutMs;
    while (!(await this.run((wanted) => document.querySelector(wanted) !== null, selector))) {
      if (Date.now() > end) throw new Error(`no ${selector} within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async close() {
    await ask("DELETE", this.#session).finally(() => this.#driver.kill());
  }

  /** @param {string} selector @returns {Promise<string>} */
  async #find(selector) {
    const found = await ask("POST", `${this.#session}/element`, { using: "css selector", value: selector });
    return found[ELEMENT];
  }
}

/**
 * Address at which the driver listens, from its output.
 * @param {import("node:child_process").ChildProcess} driver
 */
function listeningAddress(driver) {
  return new Promise((resolve, reject) => {
    driver.once("error", (cause) =>
      reject(new Error("geckodriver is missing: `cargo xtask check` builds it, or name it in GECKODRIVER", { cause })),
    );
    driver.once("exit", (code) => reject(new Error(`geckodriver ended (${code})`)));
    createInterface({ input: /** @type {import("node:stream").Readable} */ (driver.stdout) }).on("line", (line) => {
      const address = /Listening on (\S+)/.exec(line)?.[1];
      if (address) resolve(address);
    });
  });
}

/**
 * @param {"POST" | "DELETE"} method @param {string} url @param {unknown} [body]
 * @returns {Promise<any>}
 */
async function ask(method, url, body) {
  const content =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await fetch(url, { method, ...content });
  const { value } = /** @type {{ value: any }} */ (await response.json());
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}
