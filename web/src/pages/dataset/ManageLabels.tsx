import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, post, words } from "../../api/client";
import { count } from "../../api/format";
import { projectName } from "../../api/names";
import { refreshDataset, useProjects } from "../../api/queries";
import type { LabelOfDataset } from "../../api/types";
import { labelColour, labelColours } from "../../editor/colours";

interface Props {
  arn: string;
  labels: LabelOfDataset[];
  onClose: () => void;
}

/** Adds, renames, colours and deletes labels; what is done is done at once. */
export function ManageLabels({ arn, labels, onClose }: Props) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [failure, setFailure] = useState("");
  const colours = labelColours(labels.map((label) => ({ name: label.Name, colour: label.Colour })));
  const [asking, setAsking] = useState<{ text: string; action: string; again: () => Promise<void> } | null>(null);

  async function change(path: string, body: object): Promise<boolean> {
    setFailure("");
    try {
      await post(path, { DatasetArn: arn, ...body });
      await refreshDataset(client, arn);
      return true;
    } catch (error) {
      setFailure(words(error));
      await refreshDataset(client, arn);
      return false;
    }
  }

  async function add() {
    const names = name.split(",").map((part) => part.trim()).filter(Boolean);
    if (names.length && (await change("labels", { Names: names }))) setName("");
  }

  async function rename(label: LabelOfDataset, next: string) {
    const wanted = next.trim();
    if (!wanted || wanted === label.Name) return;
    try {
      await post("labels/rename", { DatasetArn: arn, Name: label.Name, NewName: wanted });
      await refreshDataset(client, arn);
    } catch (error) {
      if (error instanceof ApiError && error.code === "ResourceAlreadyExistsException") {
        setAsking({
          text: `There is a label “${wanted}” already. Let all images that have “${label.Name}” have “${wanted}” instead?`,
          action: "Merge",
          again: async () => void (await change("labels/rename", { Name: label.Name, NewName: wanted, Merge: true })),
        });
      } else setFailure(words(error));
    }
  }

  function remove(label: LabelOfDataset) {
    if (!label.Images) {
      void change("labels/delete", { Name: label.Name, FromImages: true });
      return;
    }
    setAsking({
      text: `${count(label.Images, "image")} ${label.Images === 1 ? "has" : "have"} the label “${label.Name}”. Delete it and its boxes from them, too?`,
      action: "Delete",
      again: async () => void (await change("labels/delete", { Name: label.Name, FromImages: true })),
    });
  }

  return (
    <Modal
      visible
      header="Manage labels"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="l">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void add();
          }}
        >
          <FormField
            label="New label"
            constraintText="1 to 256 characters. Several at once: with commas between."
          >
            <div className="with-button">
              <Input value={name} onChange={({ detail }) => setName(detail.value)} placeholder="Puppy" autoFocus />
              <Button formAction="submit">Add label</Button>
            </div>
          </FormField>
        </form>
        {failure && <Alert type="error">{failure}</Alert>}
        {asking && (
          <Alert
            type="warning"
            action={
              <SpaceBetween direction="horizontal" size="xs">
                <Button onClick={() => setAsking(null)}>Cancel</Button>
                <Button onClick={() => void asking.again().then(() => setAsking(null))}>{asking.action}</Button>
              </SpaceBetween>
            }
          >
            {asking.text}
          </Alert>
        )}
        <SpaceBetween size="xs">
          {labels.map((label) => (
            <Row key={label.Name} label={label} colour={colours.get(label.Name) ?? labelColour(label.Name)} onRename={rename} onRemove={remove} onColour={(colour) => change("labels/colour", { Name: label.Name, Colour: colour })} />
          ))}
        </SpaceBetween>
        <ImportLabels arn={arn} onImport={(source) => change("labels/import", { SourceArn: source })} />
      </SpaceBetween>
    </Modal>
  );
}

interface RowProps {
  label: LabelOfDataset;
  colour: string;
  onRename: (label: LabelOfDataset, name: string) => Promise<void>;
  onRemove: (label: LabelOfDataset) => void;
  onColour: (colour: string) => Promise<boolean>;
}

function Row({ label, colour, onRename, onRemove, onColour }: RowProps) {
  const [text, setText] = useState(label.Name);
  return (
    <form
      style={{ display: "grid", gridTemplateColumns: "32px minmax(0, 1fr) auto auto", gap: 8, alignItems: "center" }}
      onSubmit={(event) => {
        event.preventDefault();
        void onRename(label, text);
      }}
    >
      <input
        type="color"
        aria-label={`Colour of ${label.Name}`}
        key={colour}
        defaultValue={colour}
        style={{ inlineSize: 32, blockSize: 32, padding: 0, border: 0, background: "none" }}
        onBlur={(event) => {
          if (event.target.value !== colour) void onColour(event.target.value);
        }}
      />
      <Input ariaLabel={`Name of the label ${label.Name}`} value={text} onChange={({ detail }) => setText(detail.value)} />
      <Button formAction="submit" disabled={text.trim() === label.Name || !text.trim()} ariaLabel={`Rename ${label.Name}`}>
        Rename
      </Button>
      <Button formAction="none" iconName="remove" variant="icon" ariaLabel={`Delete ${label.Name}`} onClick={() => onRemove(label)} />
    </form>
  );
}

function ImportLabels({ arn, onImport }: { arn: string; onImport: (source: string) => Promise<boolean> }) {
  const projects = useProjects().data ?? [];
  const options = projects.flatMap((project) =>
    (project.Datasets ?? [])
      .filter((dataset) => dataset.DatasetArn !== arn)
      .map((dataset) => ({
        value: dataset.DatasetArn,
        label: `${projectName(project.ProjectArn)}: ${dataset.DatasetType === "TRAIN" ? "training" : "test"} dataset`,
      })),
  );
  const [chosen, setChosen] = useState("");
  if (!options.length) return null;
  return (
    <ExpandableSection headerText="Import the labels of another dataset">
      <SpaceBetween direction="horizontal" size="xs">
        <Select
          ariaLabel="Dataset to import labels from"
          placeholder="Choose a dataset"
          options={options}
          selectedOption={options.find((option) => option.value === chosen) ?? null}
          onChange={({ detail }) => setChosen(detail.selectedOption.value ?? "")}
          expandToViewport
        />
        <Button disabled={!chosen} onClick={() => void onImport(chosen)}>
          Import
        </Button>
      </SpaceBetween>
    </ExpandableSection>
  );
}
