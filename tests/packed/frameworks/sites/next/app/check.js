"use client";
// The element in Next.js. It is imported on the server, too.
import { useState } from "react";
import "soundalike/element";

export function Check() {
  const [reference, setReference] = useState(undefined);
  const [verdict, setVerdict] = useState("");
  return (
    <>
      <button id="give" type="button" onClick={() => setReference("/song.wav")}>
        Give
      </button>
      <button id="take" type="button" onClick={() => setReference(undefined)}>
        Take
      </button>
      <sound-alike
        reference={reference}
        assets={undefined}
        onsoundalike-report={({ detail }) => setVerdict(detail.verdict)}
      />
      <output>{verdict}</output>
    </>
  );
}
