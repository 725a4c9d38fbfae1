import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { fatal } from "../../api/cache";
import { count, date, duration, score } from "../../api/format";
import { projectPath, versionName } from "../../api/names";
import { useEvaluation } from "../../api/queries";
import type { Evaluation, LabelResult, Version } from "../../api/types";
import { Failure } from "../../components/Failure";
import { Loading } from "../../components/Loading";
import { useHelp } from "../../shell/help";
import { ConfusionMatrix } from "./ConfusionMatrix";
import { Curves } from "./Curves";
import { EXPLAINED, Explanation } from "./explained";
import { Losses } from "./Progress";

/** What the model was worth in its test, over all and for each label. */
export function EvaluationTab({ version, name }: { version: Version; name: string }) {
  const navigate = useNavigate();
  const evaluation = useEvaluation(version);
  if (fatal(evaluation)) return <Failure error={evaluation.error} retry={() => void evaluation.refetch()} />;
  if (!evaluation.data) return <Loading />;
  const found = evaluation.data;
  return (
    <SpaceBetween size="l">
      <Summary
        found={found}
        version={version}
        onResults={() => void navigate(projectPath(name, "models", versionName(version.ProjectVersionArn), "results"))}
      />
      <PerLabel found={found} />
      <Curves found={found} />
      <ConfusionMatrix confusion={found.Confusion} />
      {found.Losses.length > 1 && (
        <Container header={<Header variant="h2">Training curve</Header>}>
          <Losses points={found.Losses} />
        </Container>
      )}
    </SpaceBetween>
  );
}

function Summary({ found, version, onResults }: { found: Evaluation; version: Version; onResults: () => void }) {
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Button variant="primary" onClick={onResults}>
              View test results
            </Button>
          }
        >
          Evaluation results
        </Header>
      }
    >
      <SpaceBetween size="l">
        <ColumnLayout columns={3} variant="text-grid">
          <Figure name="F1 score" value={score(found.F1)} help="f1" large>
            95 % sure to be between {score(found.F1Interval[0])} and {score(found.F1Interval[1])}
          </Figure>
          <Figure
            name="Average precision"
            value={score(found.AveragePrecision ?? found.Precision)}
            help={found.AveragePrecision === null ? "precision" : "averagePrecision"}
            large
          />
          <Figure name="Overall recall" value={score(found.Recall)} help="recall" large />
          <Figure name="Date completed" value={date(version.TrainingEndTimestamp)} />
          <Figure name="Trained in" value={duration(version.BillableTrainingTimeInSeconds)} />
          <Figure name="Training dataset" value={`${count(found.TrainingImages, "image")}, ${count(found.Labels.length, "label")}`} />
          <Figure
            name="Test dataset"
            value={`${count(found.TestImages, "image")}, ${count(found.Labels.filter((label) => label.TestImages).length, "label")}`}
          />
        </ColumnLayout>
        {found.TestImages < 20 && (
          <Box color="text-body-secondary">
            {count(found.TestImages, "test image")} {found.TestImages === 1 ? "is" : "are"} few: one image more or less moves these figures a lot. A larger test dataset says more.
          </Box>
        )}
      </SpaceBetween>
    </Container>
  );
}

interface FigureProps {
  name: string;
  value: string;
  help?: keyof typeof EXPLAINED;
  large?: boolean;
  children?: React.ReactNode;
}

function Figure({ name, value, help, large, children }: FigureProps) {
  return (
    <div data-testid={`figure-${name}`}>
      <Box variant="awsui-key-label">
        {name} {help && <Info topic={help} />}
      </Box>
      <Box fontSize={large ? "display-l" : "body-m"} fontWeight={large ? "bold" : "normal"}>
        {value}
      </Box>
      {children && (
        <Box color="text-body-secondary" fontSize="body-s">
          {children}
        </Box>
      )}
    </div>
  );
}

function Info({ topic }: { topic: keyof typeof EXPLAINED }) {
  const help = useHelp();
  return (
    <Link variant="info" ariaLabel={`Info: ${EXPLAINED[topic].title}`} onFollow={() => help.show(<Explanation topic={topic} />)}>
      Info
    </Link>
  );
}

function PerLabel({ found }: { found: Evaluation }) {
  const [sorting, setSorting] = useState(true);
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount } = useCollection(found.Labels, {
    filtering: { fields: ["Label"], noMatch: <Box textAlign="center">No label has that in its name.</Box> },
    pagination: { pageSize: 25 },
    sorting: { defaultState: { sortingColumn: { sortingField: "F1" }, isDescending: sorting } },
  });
  const number = (value: number) => score(value);
  return (
    <Table
      {...collectionProps}
      onSortingChange={(event) => {
        setSorting(Boolean(event.detail.isDescending));
        collectionProps.onSortingChange?.(event);
      }}
      items={items}
      wrapLines
      ariaLabels={{ tableLabel: "Performance of each label" }}
      header={
        <Header variant="h2" counter={`(${found.Labels.length})`} description="Each at the confidence from which the model counts a label as found.">
          Per label performance
        </Header>
      }
      filter={
        <TextFilter
          {...filterProps}
          filteringPlaceholder="Find labels"
          filteringAriaLabel="Find labels"
          countText={count(filteredItemsCount ?? 0, "match", "matches")}
        />
      }
      pagination={found.Labels.length > 25 ? <Pagination {...paginationProps} /> : undefined}
      columnDefinitions={[
        { id: "label", header: "Label name", sortingField: "Label", isRowHeader: true, cell: (label) => label.Label },
        { id: "f1", header: "F1 score", sortingField: "F1", cell: (label) => number(label.F1) },
        { id: "images", header: "Test images", sortingField: "TestImages", cell: (label) => label.TestImages },
        { id: "precision", header: "Precision", sortingField: "Precision", cell: (label) => number(label.Precision) },
        { id: "recall", header: "Recall", sortingField: "Recall", cell: (label) => number(label.Recall) },
        { id: "threshold", header: "Assumed threshold", sortingField: "Threshold", cell: (label) => number(label.Threshold) },
        ...(found.Task === "detection"
          ? [{ id: "ap", header: "Average precision", cell: (label: LabelResult) => score(label.AveragePrecision) }]
          : []),
        { id: "counts", header: "Right / false / missed", cell: (label) => `${label.TP} / ${label.FP} / ${label.FN}` },
      ]}
    />
  );
}
