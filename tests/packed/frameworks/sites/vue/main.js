// The element in Vue 3, which sets properties that the element has.
import { createApp, h, ref } from "vue";
import "soundalike/element";

const reference = ref(undefined);
const verdict = ref("");
createApp({
  render: () => [
    h("button", { id: "give", onClick: () => (reference.value = "/song.wav") }, "Give"),
    h("button", { id: "take", onClick: () => (reference.value = undefined) }, "Take"),
    h("sound-alike", {
      reference: reference.value,
      assets: undefined,
      onSoundalikeReport: ({ detail }) => (verdict.value = detail.verdict),
    }),
    h("output", verdict.value),
  ],
}).mount("#root");
