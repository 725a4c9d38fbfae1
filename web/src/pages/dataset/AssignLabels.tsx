import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post, words } from "../../api/client";
import { count } from "../../api/format";
import { fileName } from "../../api/names";
import { refreshDataset } from "../../api/queries";
import type { LabelOfDataset, Picture } from "../../api/types";
import { Thumbnail } from "../../components/Boxed";

interface Props {
  arn: string;
  labels: LabelOfDataset[];
  images: Picture[];
  onClose: () => void;
}

/** Gives the selected images labels, and takes others from them. A half-checked label stays as it is with each image. */
export function AssignLabels({ arn, labels, images, onClose }: Props) {
  const client = useQueryClient();
  const [wanted, setWanted] = useState<Record<string, boolean>>({});
  const [added, setAdded] = useState<string[]>([]);
  const [name, setName] = useState("");
  const [find, setFind] = useState("");
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);
  const names = [...new Set([...labels.map((label) => label.Name), ...added])];
  const having = (label: string) => images.filter((image) => image.Labels.includes(label)).length;

  async function save() {
    setSaving(true);
    setFailure("");
    try {
      const chosen = Object.entries(wanted);
      await post("images/labels", {
        DatasetArn: arn,
        SourceRefs: images.map((image) => image.SourceRef),
        Add: chosen.filter(([, on]) => on).map(([label]) => label),
        Remove: chosen.filter(([, on]) => !on).map(([label]) => label),
      });
      await refreshDataset(client, arn);
      onClose();
    } catch (error) {
      setFailure(words(error));
      setSaving(false);
    }
  }

  function add() {
    const label = name.trim();
    if (!label) return;
    setAdded([...added, label]);
    setWanted({ ...wanted, [label]: true });
    setName("");
  }

  return (
    <Modal
      visible
      header="Assign image-level labels"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" disabled={!Object.keys(wanted).length} loading={saving} onClick={() => void save()}>
              Assign
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>
          {images.length === 1 ? "What does the selected image show?" : `What does each of the ${count(images.length, "selected image")} show?`}
        </Box>
        {images.length <= 4 && (
          <div className="assign-pictures">
            {images.map((image) => (
              <Thumbnail key={image.SourceRef} sourceRef={image.SourceRef} alt={fileName(image.SourceRef)} boxes={[]} width={null} height={null} />
            ))}
          </div>
        )}
        {names.length > 12 && (
          <Input type="search" ariaLabel="Find labels" placeholder="Find labels" value={find} onChange={({ detail }) => setFind(detail.value)} />
        )}
        <SpaceBetween size="xs">
          {names
            .filter((label) => label.toLowerCase().includes(find.toLowerCase()))
            .map((label) => {
              const number = having(label);
              const some = number > 0 && number < images.length;
              return (
                <Checkbox
                  key={label}
                  checked={wanted[label] ?? number === images.length}
                  indeterminate={wanted[label] === undefined && some}
                  onChange={({ detail }) => setWanted({ ...wanted, [label]: detail.checked })}
                >
                  {label}
                </Checkbox>
              );
            })}
        </SpaceBetween>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            add();
          }}
        >
          <FormField label="New label">
            <div className="with-button">
              <Input value={name} onChange={({ detail }) => setName(detail.value)} />
              <Button formAction="submit">Add</Button>
            </div>
          </FormField>
        </form>
        {failure && <Alert type="error">{failure}</Alert>}
      </SpaceBetween>
    </Modal>
  );
}
