// The element in React 19, which sets properties and listens to custom events.
import { createElement, useState } from "react";
import { createRoot } from "react-dom/client";
import "soundalike/element";

function App() {
  const [reference, setReference] = useState(undefined);
  const [verdict, setVerdict] = useState("");
  return createElement(
    "main",
    null,
    createElement("button", { id: "give", type: "button", onClick: () => setReference("/song.wav") }, "Give"),
    createElement("button", { id: "take", type: "button", onClick: () => setReference(undefined) }, "Take"),
    createElement("sound-alike", {
      reference,
      assets: undefined,
      "onsoundalike-report": ({ detail }) => setVerdict(detail.verdict),
    }),
    createElement("output", null, verdict),
  );
}

createRoot(document.querySelector("#root")).render(createElement(App));
