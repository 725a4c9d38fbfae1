import Box from "@cloudscape-design/components/box";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { SHORTCUTS } from "./keys";

/** All shortcuts, from the table that handles them. */
export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Modal visible header="Keyboard shortcuts" size="large" closeAriaLabel="Close" onDismiss={onClose}>
      <SpaceBetween size="l">
        <div className="editor-help" data-testid="editor-help">
          {SHORTCUTS.map(({ title, shortcuts }) => (
            <section key={title}>
              <Box variant="h3">{title}</Box>
              <dl>
                {shortcuts.map(({ shown, help }) => (
                  <div key={shown}>
                    <dt>
                      <kbd>{shown}</kbd>
                    </dt>
                    <dd>{help}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
        <Box color="text-body-secondary">On a Mac, ⌘ does what Ctrl does. No shortcut works while you type.</Box>
      </SpaceBetween>
    </Modal>
  );
}
