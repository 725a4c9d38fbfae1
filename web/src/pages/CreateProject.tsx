import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { rekognition, words } from "../api/client";
import { projectPath } from "../api/names";
import { refresh } from "../api/queries";
import { tagMap, Tags, type Tag } from "../components/Tags";

const NAME = /^[a-zA-Z0-9_.-]{1,255}$/;

/** Asks for a name, and makes the project. */
export function CreateProject({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [tags, setTags] = useState<Tag[]>([]);
  const [tried, setTried] = useState(false);
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState("");
  const fits = NAME.test(name.trim());

  async function create() {
    setTried(true);
    if (!fits || working) return;
    setWorking(true);
    try {
      const given = tagMap(tags);
      await rekognition("CreateProject", {
        ProjectName: name.trim(),
        ...(Object.keys(given).length ? { Tags: given } : {}),
      });
      await refresh(client);
      navigate(projectPath(name.trim()));
    } catch (error) {
      setFailure(words(error));
      setWorking(false);
    }
  }

  return (
    <Modal
      visible
      header="Create project"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" loading={working} onClick={() => void create()}>
              Create project
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <SpaceBetween size="l">
          <FormField
            label="Project name"
            constraintText="1 to 255 of a-z, A-Z, 0-9, _ . and -"
            errorText={tried && !fits ? "A project's name has 1 to 255 letters a-z, digits, underscores, dots and hyphens." : ""}
          >
            <Input value={name} onChange={({ detail }) => setName(detail.value)} placeholder="puppies" autoFocus />
          </FormField>
          <ExpandableSection headerText="Tags (optional)">
            <Tags tags={tags} onChange={setTags} />
          </ExpandableSection>
          {failure && <Alert type="error">{failure}</Alert>}
        </SpaceBetween>
      </form>
    </Modal>
  );
}
