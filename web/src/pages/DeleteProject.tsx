import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import { useQueryClient } from "@tanstack/react-query";
import { post } from "../api/client";
import { count } from "../api/format";
import { projectName, versionName } from "../api/names";
import { isBusy, refresh, useVersions } from "../api/queries";
import type { Project } from "../api/types";
import { Confirm } from "../components/Confirm";

/** Deletes a project with everything in it, once that was typed. */
export function DeleteProject({ project, onClose, onDone }: { project: Project; onClose: () => void; onDone?: () => void }) {
  const client = useQueryClient();
  const versions = useVersions(project).data ?? [];
  const name = projectName(project.ProjectArn);
  const blocking = versions.filter((version) => isBusy(version.Status) || version.Status === "RUNNING");
  return (
    <Confirm
      title={`Delete ${name}?`}
      typed="delete"
      action="Delete"
      onClose={onClose}
      onConfirm={async () => {
        await post("projects/delete", { ProjectArn: project.ProjectArn });
        await refresh(client, project.ProjectArn);
        onDone?.();
      }}
    >
      <Box>
        The project, {count(project.Datasets?.length ?? 0, "dataset")} and {count(versions.length, "model")} are deleted for
        good. The images stay in their bucket.
      </Box>
      {blocking.length > 0 && (
        <Alert type="warning" header="These have to be stopped or cancelled first">
          {blocking.map((version) => versionName(version.ProjectVersionArn)).join(", ")}
        </Alert>
      )}
    </Confirm>
  );
}
