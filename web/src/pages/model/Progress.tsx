import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client";
import { date, duration } from "../../api/format";
import { refresh, useTraining } from "../../api/queries";
import type { Version } from "../../api/types";
import { LineChart } from "../../components/LineChart";
import { Confirm } from "../../components/Confirm";

const PHASES: Record<string, string> = {
  waiting: "Waiting for its turn",
  reading: "Looking at the images",
  features: "Seeing what is in the images",
  training: "Learning",
  exporting: "Writing the model",
  evaluating: "Taking the test",
};

/** Where a training is, told by the server every second. */
export function Progress({ version }: { version: Version }) {
  const client = useQueryClient();
  const training = useTraining(version).data;
  const [cancelling, setCancelling] = useState(false);
  const left = training?.SecondsLeft;
  return (
    <Container
      header={
        <Header variant="h2" actions={<Button onClick={() => setCancelling(true)}>Cancel training</Button>}>
          Training
        </Header>
      }
    >
      <SpaceBetween size="l">
        <ProgressBar
          value={Math.round(100 * (training?.Fraction ?? 0))}
          label={PHASES[training?.Phase ?? "waiting"] ?? training?.Phase ?? ""}
          description={left ? `About ${duration(left)} left` : "The time left is told when enough is known"}
          additionalInfo={training ? `Begun at ${date(training.Began)}` : undefined}
        />
        {training && training.Losses.length > 1 && (
          <div>
            <Box variant="h3">Loss</Box>
            <Losses points={training.Losses} />
          </div>
        )}
      </SpaceBetween>
      {cancelling && (
        <Confirm
          title="Cancel the training?"
          action="Cancel training"
          onClose={() => setCancelling(false)}
          onConfirm={async () => {
            await post("training/cancel", { ProjectVersionArn: version.ProjectVersionArn });
            await refresh(client, version.ProjectVersionArn);
          }}
        >
          What it has learnt so far is lost. The images and labels stay as they are.
        </Confirm>
      )}
    </Container>
  );
}

/** How far off the model was on the images that it learns from, as it learnt. */
export function Losses({ points }: { points: [number, number][] }) {
  const most = Math.max(...points.map(([, loss]) => loss), 1e-9);
  return (
    <LineChart
      label="Loss over the course of the training"
      xLabel="Part of the training"
      yMax={most}
      xFormat={(x) => `${Math.round(100 * x)} %`}
      yFormat={(y) => y.toPrecision(2)}
      lines={[{ name: "Loss", colour: "var(--accent)", points }]}
    />
  );
}
