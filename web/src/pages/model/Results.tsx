import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import Slider from "@cloudscape-design/components/slider";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo, useState } from "react";
import { useLocation, useNavigate, useParams, useSearchParams } from "react-router-dom";
import { fatal } from "../../api/cache";
import { count } from "../../api/format";
import { fileName, projectPath, versionName } from "../../api/names";
import { datasetOf, useProject, useTestImages, useVersions } from "../../api/queries";
import type { Outcome } from "../../api/types";
import { Failure } from "../../components/Failure";
import { Loading } from "../../components/Loading";
import { Missing } from "../../components/Missing";
import { usePage } from "../../shell/page";
import { OUTCOMES } from "./outcomes";
import { ResultCard } from "./ResultCard";
import { chosen, SORTS, type Sort } from "./worst";

const A_PAGE = 24;

export function Component() {
  const { project: name = "", version: wanted = "" } = useParams();
  const navigate = useNavigate();
  const { pathname, search } = useLocation();
  const project = useProject(name);
  const versions = useVersions(project.data);
  const version = versions.data?.find((one) => versionName(one.ProjectVersionArn) === wanted);
  const images = useTestImages(version);
  const [parameters, setParameters] = useSearchParams();
  const [confidence, setConfidence] = useState<readonly [number, number]>([0, 100]);
  const [page, setPage] = useState(1);
  usePage(["Projects", "/projects"], [name, projectPath(name)], [wanted, projectPath(name, "models", wanted)], ["Test results"]);

  const label = parameters.get("label") ?? "";
  const sort = (parameters.get("sort") ?? "worst") as Sort;
  const outcomes = useMemo(() => {
    const asked = parameters.get("outcomes");
    return (asked === null ? ["TP", "FP", "FN"] : asked.split(",").filter(Boolean)) as Outcome[];
  }, [parameters]);
  const shown = useMemo(
    () => chosen(images.data ?? [], { label, outcomes, confidence, sort }),
    [images.data, label, outcomes, confidence, sort],
  );
  const labels = useMemo(
    () => [...new Set((images.data ?? []).flatMap((image) => image.Items.map((item) => item.Label)))].sort(),
    [images.data],
  );
  const error = fatal(project, versions, images);
  if (error) return <Failure error={error} retry={() => window.location.reload()} />;
  if (project.data === null) return <Missing project={name} />;
  if (versions.data && !version) return <Missing project={name} model={wanted} />;
  if (!images.data) return <Loading />;

  const set = (key: string, value: string | null) => {
    setPage(1);
    setParameters(
      (known) => {
        if (value === null) known.delete(key);
        else known.set(key, value);
        return known;
      },
      { replace: true },
    );
  };
  const boxed = images.data.some((image) => image.Items.some((item) => item.Predicted ?? item.Truth));
  const options = [{ value: "", label: "All labels" }, ...labels.map((one) => ({ value: one, label: one }))];
  const fix = (sourceRef: string) => {
    const dataset = projectPath(name, "datasets", datasetOf(project.data, "TEST") ? "test" : "train");
    if (boxed) {
      void navigate(`${dataset}/draw?${new URLSearchParams({ ref: sourceRef })}`, { state: { from: pathname + search } });
    } else {
      void navigate(`${dataset}?${new URLSearchParams({ text: fileName(sourceRef) })}`, { state: { assign: sourceRef } });
    }
  };
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        counter={`(${shown.length} of ${images.data.length})`}
        description="Each test image with what the model said of it. It had not seen any of them when it learnt."
        actions={<Button onClick={() => void navigate(projectPath(name, "models", wanted))}>Back to the evaluation</Button>}
      >
        Test results
      </Header>
      <Container>
        <SpaceBetween direction="horizontal" size="l">
          <FormField label="Label">
            <Select
              options={options}
              selectedOption={options.find((option) => option.value === label) ?? null}
              onChange={({ detail }) => set("label", detail.selectedOption.value || null)}
              filteringType={labels.length > 10 ? "auto" : "none"}
            />
          </FormField>
          <FormField label="Outcome">
            <SpaceBetween direction="horizontal" size="m">
              {OUTCOMES.map((outcome) => (
                <Checkbox
                  key={outcome.id}
                  checked={outcomes.includes(outcome.id)}
                  onChange={({ detail }) =>
                    set(
                      "outcomes",
                      (detail.checked ? [...outcomes, outcome.id] : outcomes.filter((one) => one !== outcome.id)).join(","),
                    )
                  }
                >
                  {outcome.name}
                </Checkbox>
              ))}
            </SpaceBetween>
          </FormField>
          <FormField label={`Confidence from ${confidence[0]} % `}>
            <div style={{ inlineSize: 200 }}>
              <Slider
                ariaLabel="Least confidence in percent"
                min={0}
                max={100}
                value={confidence[0]}
                onChange={({ detail }) => {
                  setPage(1);
                  setConfidence([detail.value, 100]);
                }}
              />
            </div>
          </FormField>
          <FormField label="Sort by">
            <Select
              options={SORTS}
              selectedOption={SORTS.find((option) => option.value === sort) ?? null}
              onChange={({ detail }) => set("sort", detail.selectedOption.value ?? null)}
            />
          </FormField>
        </SpaceBetween>
      </Container>
      {shown.length === 0 && (
        <Box textAlign="center" padding="l">
          No test image fits. {outcomes.length === 0 && "Choose an outcome."}
        </Box>
      )}
      <ul className="results" aria-label={count(shown.length, "test image")}>
        {shown.slice((page - 1) * A_PAGE, page * A_PAGE).map((image) => (
          <ResultCard key={image.SourceRef} image={image} onFix={() => fix(image.SourceRef)} />
        ))}
      </ul>
      {shown.length > A_PAGE && (
        <Pagination
          currentPageIndex={page}
          pagesCount={Math.ceil(shown.length / A_PAGE)}
          onChange={({ detail }) => setPage(detail.currentPageIndex)}
          ariaLabels={{ nextPageLabel: "Next page", previousPageLabel: "Previous page", pageLabel: (n) => `Page ${n}` }}
        />
      )}
    </SpaceBetween>
  );
}
