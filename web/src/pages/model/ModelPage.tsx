import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";
import { fatal } from "../../api/cache";
import { rekognition } from "../../api/client";
import { projectPath, versionName } from "../../api/names";
import { isBusy, isTrained, refresh, useProject, useVersions } from "../../api/queries";
import type { Project, Version } from "../../api/types";
import { Confirm } from "../../components/Confirm";
import { Failure } from "../../components/Failure";
import { Loading } from "../../components/Loading";
import { Missing } from "../../components/Missing";
import { Status } from "../../components/Status";
import { usePage } from "../../shell/page";
import { ResourceTags } from "../ResourceTags";
import { Details } from "./Details";
import { EvaluationTab } from "./EvaluationTab";
import { Progress } from "./Progress";
import { UseModel } from "./UseModel";
import { ValidationFiles } from "./ValidationFiles";

export function Component() {
  const { project: name = "", version: wanted = "" } = useParams();
  const project = useProject(name);
  const versions = useVersions(project.data);
  usePage(["Projects", "/projects"], [name, projectPath(name)], [wanted]);
  const error = fatal(project, versions);
  if (error) return <Failure error={error} retry={() => void project.refetch().then(() => versions.refetch())} />;
  if (project.isPending || (project.data && versions.isPending)) return <Loading />;
  const version = versions.data?.find((one) => versionName(one.ProjectVersionArn) === wanted);
  if (!project.data) return <Missing project={name} />;
  if (!version) return <Missing project={name} model={wanted} />;
  return <ModelView project={project.data} version={version} name={name} />;
}

function ModelView({ project, version, name }: { project: Project; version: Version; name: string }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [parameters, setParameters] = useSearchParams();
  const [deleting, setDeleting] = useState(false);
  const trained = isTrained(version);
  const title = versionName(version.ProjectVersionArn);

  async function remove() {
    await rekognition("DeleteProjectVersion", { ProjectVersionArn: version.ProjectVersionArn });
    await refresh(client, project.ProjectArn);
    navigate(projectPath(name));
  }

  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={version.VersionDescription}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ValidationFiles version={version} text="Download validation results" />
            <Button disabled={isBusy(version.Status) || version.Status === "RUNNING"} onClick={() => setDeleting(true)}>
              Delete
            </Button>
          </SpaceBetween>
        }
      >
        {title}
      </Header>
      <Status status={version.Status} />
      {version.Status.endsWith("FAILED") && (
        <Alert type="error" header="What went wrong">
          {version.StatusMessage}
        </Alert>
      )}
      {version.Status === "TRAINING_IN_PROGRESS" && <Progress version={version} />}
      <Tabs
        activeTabId={parameters.get("tab") ?? (trained ? "evaluation" : "details")}
        onChange={({ detail }) => setParameters({ tab: detail.activeTabId }, { replace: true })}
        tabs={[
          { id: "evaluation", label: "Evaluation", disabled: !trained, content: <EvaluationTab version={version} name={name} /> },
          { id: "details", label: "Model details", content: <Details version={version} project={project} /> },
          { id: "use", label: "Use model", disabled: !trained, content: <UseModel version={version} project={project} /> },
          { id: "tags", label: "Tags", content: <ResourceTags arn={version.ProjectVersionArn} /> },
        ]}
      />
      {deleting && (
        <Confirm title={`Delete ${title}?`} typed="delete" action="Delete" onConfirm={remove} onClose={() => setDeleting(false)}>
          <Box>The model is deleted for good. Results in the output bucket stay.</Box>
        </Confirm>
      )}
    </SpaceBetween>
  );
}
