import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import FileDropzone from "@cloudscape-design/components/file-dropzone";
import FileInput from "@cloudscape-design/components/file-input";
import Modal from "@cloudscape-design/components/modal";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { count } from "../../api/format";
import { refreshDataset } from "../../api/queries";
import { useUnloadWarning } from "../../editor/save";
import { dropped } from "./dropped";
import { useUploads, type Chosen } from "./uploads";

/** Takes images from the computer: dropped, chosen, or a whole folder; says of each that failed why. */
export function Upload({ arn, onClose }: { arn: string; onClose: () => void }) {
  const client = useQueryClient();
  const [chosen, setChosen] = useState<Chosen[]>([]);
  const [labelled, setLabelled] = useState(true);
  const uploads = useUploads(arn);
  const folders = new Set(chosen.map((file) => file.label).filter(Boolean));
  const { state } = uploads;
  const finished = state !== null && !state.running;
  const failed = state?.failed ?? [];

  useEffect(() => {
    if (finished) void refreshDataset(client, arn);
  }, [finished, client, arn]);

  const add = (files: Chosen[]) => setChosen((known) => unique([...known, ...files]));
  const choose = (files: File[]) => add(files.map((file) => chosenOf(file)));
  useUnloadWarning(state?.running ?? false);

  return (
    <Modal
      visible
      size="medium"
      header="Add images"
      onDismiss={({ detail }) => {
        // What goes on is not thrown away by a click beside the dialog; the cross stops it and says how far it came.
        if (!state?.running) onClose();
        else if (detail.reason !== "overlay") uploads.stop();
      }}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            {state?.running && <Button onClick={uploads.stop}>Stop</Button>}
            {finished && failed.length > 0 && (
              <Button onClick={() => uploads.start(failed.map((item) => item.file), labelled)}>Try these again</Button>
            )}
            {finished ? (
              <Button variant="primary" onClick={onClose}>
                Done
              </Button>
            ) : (
              <Button variant="primary" disabled={!chosen.length} loading={state?.running} onClick={() => uploads.start(chosen, labelled)}>
                Upload {chosen.length ? count(chosen.length, "image") : "images"}
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {!state && (
          <>
            <div
              onDropCapture={(event) => {
                void dropped(event.dataTransfer).then((files) => {
                  // What is dropped by itself is told why it cannot be added; folders may hold other files.
                  const wanted = files.filter(({ file, path }) => !path.includes("/") || isImage(file));
                  add(wanted.map(({ file, path }) => chosenOf(file, path)));
                });
              }}
            >
              {/* It knows of no folders, and only shows here that something is held over it. */}
              <FileDropzone onChange={() => undefined}>
                <SpaceBetween size="xs" alignItems="center">
                  <span>Drop images or folders here, as many as you like</span>
                  <SpaceBetween direction="horizontal" size="xs">
                    <FileInput
                      multiple
                      accept="image/png,image/jpeg,.png,.jpg,.jpeg"
                      value={[]}
                      onChange={({ detail }) => choose(detail.value)}
                    >
                      Choose files
                    </FileInput>
                    <FolderInput onChoose={choose} />
                  </SpaceBetween>
                  <Box color="text-body-secondary" fontSize="body-s">
                    PNG and JPEG, at least 64 pixels a side. Larger ones than 4096 pixels or 15 MB are made smaller.
                  </Box>
                </SpaceBetween>
              </FileDropzone>
            </div>
            {chosen.length > 0 && (
              <Box>
                {count(chosen.length, "image")} chosen.{" "}
                <Button variant="inline-link" onClick={() => setChosen([])}>
                  Choose others
                </Button>
              </Box>
            )}
            {folders.size > 0 && (
              <Checkbox checked={labelled} onChange={({ detail }) => setLabelled(detail.checked)}>
                Label the images by their folder: {[...folders].slice(0, 8).join(", ")}
                {folders.size > 8 && ", …"}
              </Checkbox>
            )}
          </>
        )}
        {state && (
          <ProgressBar
            value={Math.round(100 * state.share)}
            label={state.running ? "Uploading" : "Uploaded"}
            additionalInfo={`${state.added} added${state.known ? `, ${state.known} were there already` : ""}${failed.length ? `, ${failed.length} failed` : ""} of ${state.total}`}
            status={state.running ? "in-progress" : failed.length ? "error" : "success"}
            resultText={failed.length ? `${count(failed.length, "image")} could not be added` : "All images were added"}
          />
        )}
        {failed.length > 0 && (
          <Alert type="error" header="These could not be added">
            <ul style={{ margin: 0, paddingInlineStart: 18, maxBlockSize: 220, overflow: "auto" }}>
              {failed.map(({ file, reason }) => (
                <li key={file.path}>{reason.includes(file.file.name) ? reason : `${file.path}: ${reason}`}</li>
              ))}
            </ul>
          </Alert>
        )}
        {finished && state.notes.length > 0 && (
          <Alert type="info">{count(state.notes.length, "image")} had to be made smaller: {state.notes.slice(0, 3).join(", ")}</Alert>
        )}
      </SpaceBetween>
    </Modal>
  );
}

function FolderInput({ onChoose }: { onChoose: (files: File[]) => void }) {
  return (
    <Button
      formAction="none"
      iconName="folder"
      onClick={() => {
        const input = document.createElement("input");
        input.type = "file";
        input.webkitdirectory = true;
        input.onchange = () => onChoose([...(input.files ?? [])].filter(isImage));
        input.click();
      }}
    >
      Choose a folder
    </Button>
  );
}

/** A file with its path; in a folder of folders the one it lies in is its label. */
function chosenOf(file: File, path = file.webkitRelativePath || file.name): Chosen {
  const parts = path.split("/");
  return { file, path, label: parts.length > 2 ? (parts[1] ?? "") : "" };
}

function isImage(file: File): boolean {
  return /\.(png|jpe?g)$/i.test(file.name);
}

function unique(files: Chosen[]): Chosen[] {
  return [...new Map(files.map((file) => [`${file.path}/${file.file.size}/${file.file.lastModified}`, file])).values()];
}
