import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";
import { fatal } from "../api/cache";
import { words } from "../api/client";
import { projectPath } from "../api/names";
import { datasetOf, refresh, useProject } from "../api/queries";
import type { DatasetType } from "../api/types";
import { Failure } from "../components/Failure";
import { Loading } from "../components/Loading";
import { Missing } from "../components/Missing";
import { usePage } from "../shell/page";
import { createFrom, EMPTY, SourceForm, type Source } from "./dataset/SourceForm";

export function Component() {
  const name = useParams().project ?? "";
  const navigate = useNavigate();
  const client = useQueryClient();
  const project = useProject(name);
  const [parameters] = useSearchParams();
  const only = parameters.get("type") as DatasetType | null;
  const [both, setBoth] = useState(false);
  const [sources, setSources] = useState<Record<DatasetType, Source>>({ TRAIN: EMPTY, TEST: EMPTY });
  const [working, setWorking] = useState("");
  const [failure, setFailure] = useState("");
  usePage(["Projects", "/projects"], [name, projectPath(name)], ["Create dataset"]);
  if (fatal(project)) return <Failure error={project.error} retry={() => void project.refetch()} />;
  if (project.isPending) return <Loading />;
  if (!project.data) return <Missing project={name} />;
  const found = project.data;
  const types: DatasetType[] = only ? [only] : both ? ["TRAIN", "TEST"] : ["TRAIN"];

  async function create() {
    if (!found || working) return;
    setFailure("");
    try {
      for (const type of types) {
        if (datasetOf(found, type)) continue;
        setWorking(type === "TRAIN" ? "Creating the training dataset" : "Creating the test dataset");
        await createFrom(found.ProjectArn, type, sources[type], types.length === 2, setWorking);
        await refresh(client, found.ProjectArn);
      }
      navigate(projectPath(name, "datasets", (types[0] ?? "TRAIN").toLowerCase()));
    } catch (error) {
      setFailure(words(error));
      await refresh(client, found.ProjectArn);
    } finally {
      setWorking("");
    }
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <Form
        header={<Header variant="h1">Create dataset</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button formAction="none" variant="link" onClick={() => void navigate(projectPath(name))}>
              Cancel
            </Button>
            <Button variant="primary" loading={Boolean(working)} loadingText={working} formAction="submit">
              {types.length === 2 ? "Create datasets" : "Create dataset"}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          {!only && (
            <Container header={<Header variant="h2">Starting configuration</Header>}>
              <Tiles
                ariaLabel="Starting configuration"
                value={both ? "both" : "single"}
                onChange={({ detail }) => setBoth(detail.value === "both")}
                items={[
                  {
                    value: "single",
                    label: "Start with a single dataset",
                    description: "A fifth of its images is held back as a test when you train. The simplest way.",
                  },
                  {
                    value: "both",
                    label: "Start with a training dataset and a test dataset",
                    description: "You choose what the model is tested on, so that models can be compared.",
                  },
                ]}
              />
            </Container>
          )}
          {types.map((type) => (
            <SourceForm
              key={type}
              type={type}
              titled={types.length === 2 || Boolean(only)}
              source={sources[type]}
              onChange={(source) => setSources({ ...sources, [type]: source })}
            />
          ))}
          {failure && <Alert type="error">{failure}</Alert>}
          {working && <Box color="text-body-secondary">{working} …</Box>}
        </SpaceBetween>
      </Form>
    </form>
  );
}
