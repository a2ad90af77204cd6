// Uses of the package that must compile in a TypeScript project, and uses that must not.
import {
  Checker,
  CheckerError,
  Song,
  createChecker,
  type CatalogueAnswer,
  type CatalogueRequest,
  type CheckerOptions,
  type ErrorCode,
  type Progress,
  type Report,
  type SongInput,
} from "soundalike";
import { SoundalikeElement } from "soundalike/element";

const options: CheckerOptions = {
  backend: "auto",
  onProgress: ({ stage, fraction }: Progress) => console.log(stage, fraction.toFixed(2)),
};

export async function firstPassage(
  left: SongInput,
  right: Song | File,
  signal: AbortSignal,
): Promise<[number, number, number, number] | undefined> {
  const checker: Checker = await createChecker(options);
  try {
    const report: Report = await checker.compare(left, right, { signal });
    const verdict: "nearly-identical" | "strong" | "moderate" | "different" = report.verdict;
    console.log(verdict, report.left.durationSecs, report.matrix.scores.length, report.model.weightsSha256);
    const composition: "same-composition" | "possibly" | "same-chords" | "none" | undefined =
      report.composition.verdict;
    const evidence: "melody" | "harmony" | "both" | undefined = report.composition.passages[0]?.evidence;
    console.log(composition, evidence);
    const [passage] = report.passages;
    const isBackwards: boolean = passage?.reversed ?? false;
    console.log(isBackwards);
    const speeds: [number | undefined, number | undefined] = [passage?.speedRatioMin, passage?.speedRatioMax];
    const places: { leftSecs: number; rightSecs: number }[] = passage?.knots ?? [];
    console.log(speeds, places);
    return passage && [passage.leftStartSecs, passage.speedRatio, passage.share, passage.leftShare];
  } catch (error) {
    if (!(error instanceof CheckerError)) throw error;
    const code: ErrorCode = error.code;
    if (code === "too-short") return undefined;
    throw error;
  } finally {
    checker.close();
  }
}

export async function everyInput(checker: Checker, bytes: ArrayBuffer, view: DataView): Promise<Song[]> {
  const samples = [new Float64Array(9), [0.5, -0.5], { samples: [new Float64Array(9), [0.5]], sampleRateHz: 8000 }];
  const likeAudioBuffer = { numberOfChannels: 1, sampleRate: 8000, getChannelData: () => new Float32Array(9) };
  const files = ["/song.mp3", new URL("https://example.org"), bytes, new Uint8Array(bytes), view];
  return Promise.all([...files, ...samples, likeAudioBuffer].map((input) => checker.analyse(input)));
}

export function takeAway(element: SoundalikeElement): void {
  element.reference = undefined;
  element.assets = null;
  element.backend = undefined;
  element.setSong("left", null);
}

export function check(element: SoundalikeElement, song: Blob): Report | undefined {
  element.reference = "/original.mp3";
  element.setSong("left", song);
  return element.report;
}

export function listen(page: Document): number | undefined {
  const element = page.querySelector("sound-alike");
  element?.addEventListener("soundalike-progress", ({ detail }) =>
    console.log(detail.stage, detail.fraction.toFixed(2)),
  );
  element?.addEventListener("soundalike-report", ({ detail }) => console.log(detail.verdict, detail.passages.length));
  element?.addEventListener("soundalike-error", ({ detail }) =>
    console.log(detail.code satisfies ErrorCode, detail.message),
  );
  return element?.report?.score;
}

export async function mistakes(checker: Checker, report: Report) {
  // @ts-expect-error there is no such backend
  await createChecker({ backend: "gpu" });
  // @ts-expect-error a check needs two songs
  await checker.compare("/one.mp3");
  // @ts-expect-error a number is no song
  await checker.compare(1, 2);
  // @ts-expect-error these could be bytes or samples
  await checker.analyse(new Int16Array(9));
  // @ts-expect-error there is no such verdict
  if (report.verdict === "identical") return;
  // @ts-expect-error scores are numbers
  const score: string = report.score;
  // @ts-expect-error fields of passages are camelCase
  return [score, report.passages[0]?.left_start_secs];
}

export async function firstFound(file: File, host: HTMLElement): Promise<[string, number | undefined] | undefined> {
  const checker = await createChecker({ catalogue: { url: new URL("https://example.org"), timeoutSecs: 9 } });
  const agree = ({ host, bytes, sentence }: CatalogueRequest): boolean => confirm(`${host} ${bytes} ${sentence}`);
  const { songs, candidates }: CatalogueAnswer = await checker.findInCatalogue(file, { agree });
  host.addEventListener("soundalike-catalogue", ({ detail }) => console.log(songs, detail.candidates.length));
  const [first] = candidates;
  return first && [first.name + first.places[0]?.songSecs.toFixed(1), first.report?.score];
}
