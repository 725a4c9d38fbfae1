import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";

/** Asks for a part of a name; what is typed is told when the typing pauses. */
export function NameFilter({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  const [told, setTold] = useState(text);
  const [shown, setShown] = useState(text);
  if (shown !== text) {
    setShown(text);
    if (text !== told) setTyped(text); // the address was changed by something else, as the back button
  }
  return (
    <TextFilter
      filteringText={typed}
      filteringPlaceholder="Part of a file's name"
      filteringAriaLabel="Find images by a part of their name"
      onChange={({ detail }) => setTyped(detail.filteringText)}
      onDelayedChange={({ detail }) => {
        setTold(detail.filteringText);
        onChange(detail.filteringText);
      }}
    />
  );
}
