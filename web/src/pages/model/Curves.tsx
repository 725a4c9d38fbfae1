import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Select from "@cloudscape-design/components/select";
import Slider from "@cloudscape-design/components/slider";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { percent, score } from "../../api/format";
import type { Evaluation } from "../../api/types";
import { LineChart } from "../../components/LineChart";
import { useHelp } from "../../shell/help";
import { countsAt } from "./counts";
import { Explanation } from "./explained";

/** Precision and recall of a label at every threshold; moving the threshold counts anew. */
export function Curves({ found }: { found: Evaluation }) {
  const help = useHelp();
  const tested = found.Labels.filter((label) => label.TestImages > 0);
  const [name, setName] = useState("");
  const [moved, setMoved] = useState<Record<string, number>>({});
  const label = tested.find((one) => one.Label === name) ?? tested[0];
  if (!label) return null;
  // Untouched, the threshold is the assumed one to its last digit; the slider moves in tenths of a percent.
  const threshold = moved[label.Label] ?? 100 * label.Threshold;
  const counts = countsAt(label, threshold / 100);
  const options = tested.map((one) => ({ value: one.Label, label: one.Label }));
  const { Thresholds, Precision, Recall, F1 } = label.Curve;
  const over = (values: number[]) => values.map((value, i): [number, number] => [Thresholds[i] ?? 0, value]);
  return (
    <Container
      header={
        <Header
          variant="h2"
          info={
            <Link variant="info" ariaLabel="Info: thresholds" onFollow={() => help.show(<Explanation topic="threshold" />)}>
              Info
            </Link>
          }
          description="What would be, if the model had to be more or less sure?"
        >
          Thresholds
        </Header>
      }
    >
      <SpaceBetween size="l">
        <ColumnLayout columns={2}>
          <FormField label="Label">
            <Select
              options={options}
              selectedOption={options.find((option) => option.value === label.Label) ?? null}
              onChange={({ detail }) => setName(detail.selectedOption.value ?? "")}
              filteringType={options.length > 10 ? "auto" : "none"}
            />
          </FormField>
          <FormField
            label={`Threshold: ${percent(threshold, 1)}`}
            description={`The assumed one is ${percent(100 * label.Threshold, 1)}.`}
          >
            <Slider
              ariaLabel="Threshold in percent"
              min={0}
              max={100}
              step={0.1}
              value={Math.round(10 * threshold) / 10}
              onChange={({ detail }) => setMoved({ ...moved, [label.Label]: detail.value })}
              valueFormatter={(value) => `${value} %`}
            />
          </FormField>
        </ColumnLayout>
        <div data-testid="threshold-counts">
          <ColumnLayout columns={4} variant="text-grid">
            <Count name="True positives" value={counts.TP} text="found, and right" />
            <Count name="False positives" value={counts.FP} text="false alarms" />
            <Count name="False negatives" value={counts.FN} text="missed" />
            <Count name="F1 score" value={score(counts.F1)} text={`precision ${score(counts.Precision)}, recall ${score(counts.Recall)}`} />
          </ColumnLayout>
        </div>
        <ColumnLayout columns={2}>
          <LineChart
            label={`Precision over recall of ${label.Label}`}
            xLabel="Recall (up: precision)"
            lines={[{ name: "Precision over recall", colour: "var(--accent)", points: Recall.map((recall, i) => [recall, Precision[i] ?? 0]) }]}
            dot={[counts.Recall, counts.Precision]}
          />
          <LineChart
            label={`Precision, recall and F1 of ${label.Label} at each threshold`}
            xLabel="Threshold"
            mark={threshold / 100}
            lines={[
              { name: "Precision", colour: "var(--accent)", points: over(Precision) },
              { name: "Recall", colour: "var(--missed)", points: over(Recall) },
              { name: "F1 score", colour: "var(--good)", points: over(F1) },
            ]}
          />
        </ColumnLayout>
      </SpaceBetween>
    </Container>
  );
}

function Count({ name, value, text }: { name: string; value: number | string; text: string }) {
  return (
    <div>
      <Box variant="awsui-key-label">{name}</Box>
      <Box fontSize="heading-xl" fontWeight="bold">
        {value}
      </Box>
      <Box color="text-body-secondary" fontSize="body-s">
        {text}
      </Box>
    </div>
  );
}
