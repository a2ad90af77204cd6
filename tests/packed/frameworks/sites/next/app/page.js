// Rendered on the server, where the package is imported, too.
import { CheckerError } from "soundalike";
import { Check } from "./check.js";

export default function Page() {
  return (
    <main data-error={CheckerError.name}>
      <Check />
    </main>
  );
}
