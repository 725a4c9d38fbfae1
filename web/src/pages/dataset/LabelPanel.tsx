import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router-dom";
import type { Dataset, LabelOfDataset } from "../../api/types";
import { labelColour, labelColours } from "../../editor/colours";
import { ManageLabels } from "./ManageLabels";

interface Props {
  arn: string;
  labels: LabelOfDataset[];
  stats: Dataset["DatasetStats"] | undefined;
}

/** The labels at the left of the gallery: a click shows the images that have one. */
export function LabelPanel({ arn, labels, stats }: Props) {
  const [parameters, setParameters] = useSearchParams();
  const [managing, setManaging] = useState(false);
  const chosen = parameters.get("label");
  const colours = useMemo(
    () => labelColours(labels.map((label) => ({ name: label.Name, colour: label.Colour }))),
    [labels],
  );
  const filter = (key: "label" | "show", value: string) =>
    setParameters((known) => {
      if (known.get(key) === value) known.delete(key);
      else known.set(key, value);
      return known;
    });
  return (
    <div>
      <Container
        header={
          <Header
            variant="h2"
            counter={`(${labels.length})`}
            actions={<Button ariaLabel="Manage labels" onClick={() => setManaging(true)}>Manage</Button>}
          >
            Labels
          </Header>
        }
      >
        <SpaceBetween size="xxs">
          {labels.length === 0 && (
            <Box color="text-body-secondary">No labels yet. Add one for each kind of thing that the model is to know.</Box>
          )}
          {labels.map((label) => (
            <button
              key={label.Name}
              type="button"
              className="label-row"
              aria-pressed={chosen === label.Name}
              onClick={() => filter("label", label.Name)}
            >
              <span className="swatch" style={{ background: colours.get(label.Name) ?? labelColour(label.Name) }} />
              <span className="name" title={label.Name}>
                {label.Name}
              </span>
              <span>{label.Images.toLocaleString()}</span>
            </button>
          ))}
          {Boolean(stats?.ErrorEntries) && (
            <button
              type="button"
              className="label-row"
              aria-pressed={parameters.get("show") === "errors"}
              onClick={() => filter("show", "errors")}
            >
              <span className="name">Images with errors</span>
              <span>{stats?.ErrorEntries.toLocaleString()}</span>
            </button>
          )}
        </SpaceBetween>
      </Container>
      {managing && <ManageLabels arn={arn} labels={labels} onClose={() => setManaging(false)} />}
    </div>
  );
}
