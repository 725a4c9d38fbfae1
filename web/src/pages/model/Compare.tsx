import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router-dom";
import { fatal } from "../../api/cache";
import { get } from "../../api/client";
import { count, score } from "../../api/format";
import { fileName, projectPath, versionName } from "../../api/names";
import { useProject, useVersions } from "../../api/queries";
import type { Comparison } from "../../api/types";
import { Thumbnail } from "../../components/Boxed";
import { Failure } from "../../components/Failure";
import { Loading } from "../../components/Loading";
import { Missing } from "../../components/Missing";
import { PageLink } from "../../components/PageLink";
import { usePage } from "../../shell/page";

export function Component() {
  const name = useParams().project ?? "";
  const [parameters] = useSearchParams();
  const names = [parameters.get("first") ?? "", parameters.get("second") ?? ""] as const;
  const project = useProject(name);
  const versions = useVersions(project.data);
  const arns = names.map((wanted) => versions.data?.find((one) => versionName(one.ProjectVersionArn) === wanted)?.ProjectVersionArn);
  const comparison = useQuery({
    queryKey: ["comparison", ...arns],
    enabled: arns.every(Boolean),
    queryFn: () => get<Comparison>("comparison", { First: arns[0], Second: arns[1] }),
    retry: false,
  });
  usePage(["Projects", "/projects"], [name, projectPath(name)], ["Compare models"]);
  const error = fatal(project, versions, comparison);
  if (error) return <Failure error={error} />;
  if (project.data === null) return <Missing project={name} />;
  if (versions.data && !arns.every(Boolean)) return <Failure error={new Error("One of the models is not there any more.")} />;
  if (!comparison.data) return <Loading />;
  const found = comparison.data;
  const different = found.Images.filter((image) => image.First !== image.Second).sort((a, b) => b.Second - b.First - (a.Second - a.First));
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={`Both on the same ${count(found.CommonImages, "test image")}, each judged by the labels that they had when it was trained.`}>
        Compare models
      </Header>
      {Math.max(...found.TestImages) > found.CommonImages && (
        <Alert type="info">
          The models were tested on {found.TestImages[0]} and {found.TestImages[1]} images; the {found.CommonImages} that both saw
          count here. A test dataset of the project&apos;s own keeps the test the same for all models.
        </Alert>
      )}
      <Container>
        <ColumnLayout columns={2} variant="text-grid">
          {names.map((version, i) => (
            <div key={version}>
              <Box variant="awsui-key-label">
                <PageLink to={projectPath(name, "models", version)}>{version}</PageLink>
              </Box>
              <Box fontSize="display-l" fontWeight="bold">
                {score(found.F1[i])}
              </Box>
              <Box color="text-body-secondary">F1 score</Box>
            </div>
          ))}
        </ColumnLayout>
      </Container>
      <Table
        items={found.Labels}
        trackBy="Label"
        ariaLabels={{ tableLabel: "Labels of both models" }}
        header={<Header variant="h2">Labels</Header>}
        columnDefinitions={[
          { id: "label", header: "Label", isRowHeader: true, cell: (row) => row.Label },
          { id: "first", header: `F1, ${names[0]}`, cell: (row) => score(row.First.F1) },
          { id: "second", header: `F1, ${names[1]}`, cell: (row) => score(row.Second.F1) },
          { id: "change", header: "Change", cell: (row) => signed(row.Second.F1 - row.First.F1) },
          {
            id: "counts",
            header: "Right / false / missed",
            cell: (row) =>
              `${row.First.TP} / ${row.First.FP} / ${row.First.FN} → ${row.Second.TP} / ${row.Second.FP} / ${row.Second.FN}`,
          },
        ]}
      />
      <Container header={<Header variant="h2" counter={`(${different.length})`}>Images on which they differ</Header>}>
        {different.length === 0 && <Box>Both make as many mistakes on each image.</Box>}
        <ul className="results">
          {different.slice(0, 60).map((image) => (
            <li key={image.SourceRef} className="result">
              <div style={{ blockSize: 180 }}>
                <Thumbnail sourceRef={image.SourceRef} alt={fileName(image.SourceRef)} boxes={[]} width={null} height={null} />
              </div>
              <div className="result-text">
                {fileName(image.SourceRef)}: {count(image.First, "mistake")} → {count(image.Second, "mistake")}
              </div>
            </li>
          ))}
        </ul>
      </Container>
    </SpaceBetween>
  );
}

function signed(value: number): string {
  if (Math.abs(value) < 0.0005) return "0";
  return `${value > 0 ? "+" : "−"}${Math.abs(value).toFixed(3)}`;
}
