import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";

const NOT_COPIED = "Browsers let a button copy only over HTTPS or on the server itself: mark the text and press Ctrl+C";

/** A text with a button that copies it. */
export function Copyable({ text, label }: { text: string; label: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      copyButtonAriaLabel={`Copy ${label}`}
      copySuccessText="Copied"
      copyErrorText={NOT_COPIED}
      textToCopy={text}
    />
  );
}

/** Lines of code with a button that copies them. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div style={{ display: "flex", gap: 8, alignItems: "start" }}>
      <CopyToClipboard
        variant="icon"
        copyButtonAriaLabel={`Copy ${label}`}
        copySuccessText="Copied"
        copyErrorText={NOT_COPIED}
        textToCopy={text}
      />
      {/* A region that scrolls has to be reached by the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="code" tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
    </div>
  );
}
