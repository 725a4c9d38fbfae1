import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { rekognition } from "../../api/client";
import { versionName } from "../../api/names";
import { isBusy, refresh, useMe } from "../../api/queries";
import type { Project, Version } from "../../api/types";
import { Confirm } from "../../components/Confirm";
import { Status } from "../../components/Status";
import { useNotices } from "../../shell/notices";
import { Snippets } from "./Snippets";
import { TryImage } from "./TryImage";

/** Starts and stops a model, tries it, and shows how programs ask it. */
export function UseModel({ version, project }: { version: Version; project: Project }) {
  return (
    <SpaceBetween size="l">
      <StartStop version={version} project={project} />
      <TryImage version={version} />
      <Snippets version={version} project={project} />
    </SpaceBetween>
  );
}

function StartStop({ version, project }: { version: Version; project: Project }) {
  const client = useQueryClient();
  const notices = useNotices();
  const limit = useMe().data?.Limits.MaxUnits || 20;
  const [least, setLeast] = useState(version.MinInferenceUnits ?? 1);
  const [most, setMost] = useState(version.MaxInferenceUnits ?? version.MinInferenceUnits ?? 1);
  const [stopping, setStopping] = useState(false);
  const [starting, setStarting] = useState(false);
  const running = version.Status === "RUNNING" || version.Status === "STARTING";
  const units = Array.from({ length: limit }, (_, i) => ({ value: String(i + 1), label: String(i + 1) }));

  async function start() {
    setStarting(true);
    try {
      await rekognition("StartProjectVersion", {
        ProjectVersionArn: version.ProjectVersionArn,
        MinInferenceUnits: least,
        ...(most > least ? { MaxInferenceUnits: most } : {}),
      });
      await refresh(client, project.ProjectArn);
    } catch (error) {
      notices.failed(error);
    } finally {
      setStarting(false);
    }
  }

  async function stop() {
    await rekognition("StopProjectVersion", { ProjectVersionArn: version.ProjectVersionArn });
    await refresh(client, project.ProjectArn);
  }

  return (
    <Container
      header={
        <Header
          variant="h2"
          description="A running model answers at once. It costs nothing: left alone, it gives its memory back until it is asked again."
          actions={
            running ? (
              <Button disabled={isBusy(version.Status)} onClick={() => setStopping(true)}>
                Stop
              </Button>
            ) : (
              <Button variant="primary" loading={starting} disabled={isBusy(version.Status)} onClick={() => void start()}>
                Start
              </Button>
            )
          }
        >
          Start or stop model
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ColumnLayout columns={3} variant="text-grid">
          <div>
            <Box variant="awsui-key-label">Status</Box>
            <div data-testid="model-status">
              <Status status={version.Status} />
            </div>
          </div>
          <FormField label="Number of inference units" description="Processes that always stand ready.">
            <Select
              disabled={running}
              options={units}
              selectedOption={{ value: String(least), label: String(least) }}
              onChange={({ detail }) => {
                const chosen = Number(detail.selectedOption.value);
                setLeast(chosen);
                setMost(Math.max(most, chosen));
              }}
            />
          </FormField>
          <FormField label="At most" description="So many more may join when there is much to do.">
            <Select
              disabled={running}
              options={units.slice(least - 1)}
              selectedOption={{ value: String(most), label: String(most) }}
              onChange={({ detail }) => setMost(Number(detail.selectedOption.value))}
            />
          </FormField>
        </ColumnLayout>
        {version.Status === "FAILED" && <Alert type="error">{version.StatusMessage}</Alert>}
      </SpaceBetween>
      {stopping && (
        <Confirm
          title={`Stop ${versionName(version.ProjectVersionArn)}?`}
          typed="stop"
          action="Stop"
          onConfirm={stop}
          onClose={() => setStopping(false)}
        >
          Programs that ask it get an error until it is started again.
        </Confirm>
      )}
    </Container>
  );
}
