import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { rekognition } from "../../api/client";
import { projectName, projectPath, versionName } from "../../api/names";
import { refresh, useMe, useProjects } from "../../api/queries";
import type { Version } from "../../api/types";
import { Confirm } from "../../components/Confirm";

/** Copies a model into another project. */
export function CopyModel({ version, onClose }: { version: Version; onClose: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const me = useMe().data;
  const source = projectName(version.ProjectVersionArn);
  const [name, setName] = useState(versionName(version.ProjectVersionArn));
  const [target, setTarget] = useState("");
  const projects = useProjects().data ?? [];
  const own = projects.find((project) => projectName(project.ProjectArn) === source);
  const options = projects
    .filter((project) => project !== own)
    .map((project) => ({ value: project.ProjectArn, label: projectName(project.ProjectArn) }));

  async function copy() {
    if (!target) throw new Error("Choose the project to copy the model to.");
    await rekognition("CopyProjectVersion", {
      SourceProjectArn: own?.ProjectArn,
      SourceProjectVersionArn: version.ProjectVersionArn,
      DestinationProjectArn: target,
      VersionName: name.trim(),
      OutputConfig: { S3Bucket: me?.Bucket, S3KeyPrefix: `evaluation/${projectName(target)}` },
    });
    await refresh(client, target);
    navigate(projectPath(projectName(target)));
  }

  return (
    <Confirm title="Copy the model" action="Copy" onConfirm={copy} onClose={onClose}>
      <SpaceBetween size="m">
        <FormField label="To the project">
          <Select
            options={options}
            placeholder="Choose a project"
            empty="There is no other project yet."
            selectedOption={options.find((option) => option.value === target) ?? null}
            onChange={({ detail }) => setTarget(detail.selectedOption.value ?? "")}
            expandToViewport
          />
        </FormField>
        <FormField label="Name of the copy">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
      </SpaceBetween>
    </Confirm>
  );
}
