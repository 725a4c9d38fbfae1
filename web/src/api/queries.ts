import { useQuery, type QueryClient, type UseQueryResult } from "@tanstack/react-query";
import { get, rekognition } from "./client";
import { projectName } from "./names";
import type {
  Dataset,
  DatasetMetadata,
  DatasetType,
  Evaluation,
  LabelOfDataset,
  Me,
  Picture,
  Project,
  TestImage,
  Training,
  Version,
} from "./types";

const SOON = 1000;
const SELDOM = 15_000;

/** Whether a state is one that something is about to change. */
export function isBusy(status: string): boolean {
  return /IN_PROGRESS|STARTING|STOPPING|DELETING/.test(status);
}

/** Who is signed in; an error with status 401 where nobody is. */
export function useMe(): UseQueryResult<Me> {
  return useQuery({ queryKey: ["me"], queryFn: () => get<Me>("me"), staleTime: 60_000 });
}

/** All projects, newest first. */
export function useProjects(): UseQueryResult<Project[]> {
  return useQuery({
    queryKey: ["projects"],
    queryFn: () =>
      pages<Project>((NextToken) => rekognition("DescribeProjects", { NextToken }), "ProjectDescriptions"),
    refetchInterval: (query) => interval(query.state.data?.map((project) => project.Status)),
  });
}

/** A project by its name; null where there is none. */
export function useProject(name: string): UseQueryResult<Project | null> {
  return useQuery({
    queryKey: ["projects", name],
    enabled: Boolean(name),
    queryFn: async () => {
      const found = await rekognition<{ ProjectDescriptions: Project[] }>("DescribeProjects", { ProjectNames: [name] });
      return found.ProjectDescriptions[0] ?? null;
    },
    refetchInterval: (query) => {
      const found = query.state.data;
      return interval([found?.Status ?? "", ...(found?.Datasets ?? []).map((dataset) => dataset.Status)]);
    },
  });
}

/** The model versions of a project, newest first. */
export function useVersions(project: Project | null | undefined): UseQueryResult<Version[]> {
  const arn = project?.ProjectArn ?? "";
  return useQuery({
    queryKey: ["versions", arn],
    enabled: Boolean(arn),
    queryFn: () => versionsOf(arn),
    refetchInterval: (query) => interval(query.state.data?.map((version) => version.Status)),
  });
}

/** The model versions of several projects, by the ARN of the project. */
export function useAllVersions(projects: Project[] | undefined): UseQueryResult<Record<string, Version[]>> {
  const arns = (projects ?? []).map((project) => project.ProjectArn);
  return useQuery({
    queryKey: ["all-versions", arns],
    enabled: projects !== undefined,
    queryFn: async () => {
      const found = await Promise.all(arns.map((arn) => versionsOf(arn).catch(() => [])));
      return Object.fromEntries(arns.map((arn, i) => [arn, found[i] ?? []]));
    },
    placeholderData: (previous) => previous,
    refetchInterval: (query) =>
      interval(Object.values(query.state.data ?? {}).flatMap((list) => list.map((version) => version.Status))),
  });
}

/** The dataset of a project and type, as the project describes it. */
export function datasetOf(project: Project | null | undefined, type: DatasetType): DatasetMetadata | undefined {
  return project?.Datasets?.find((dataset) => dataset.DatasetType === type);
}

export function useDataset(arn: string | undefined): UseQueryResult<Dataset> {
  return useQuery({
    queryKey: ["dataset", arn],
    enabled: Boolean(arn),
    queryFn: async () => {
      const found = await rekognition<{ DatasetDescription: Dataset }>("DescribeDataset", { DatasetArn: arn });
      return found.DatasetDescription;
    },
    refetchInterval: (query) => interval([query.state.data?.Status ?? ""], 400),
  });
}

export function useLabels(arn: string | undefined, ready: boolean): UseQueryResult<LabelOfDataset[]> {
  return useQuery({
    queryKey: ["labels", arn],
    enabled: Boolean(arn) && ready,
    queryFn: async () => (await get<{ Labels: LabelOfDataset[] }>("labels", { DatasetArn: arn })).Labels,
    placeholderData: (previous) => previous,
  });
}

export interface Filters {
  label?: string;
  labeled?: boolean;
  errors?: boolean;
  text?: string;
}

export interface Page {
  Images: Picture[];
  NextToken?: string;
}

export function useImages(
  arn: string | undefined,
  ready: boolean,
  filters: Filters,
  token: string | undefined,
  size: number,
): UseQueryResult<Page> {
  return useQuery({
    queryKey: ["images", arn, filters, token, size],
    enabled: Boolean(arn) && ready,
    queryFn: () => imagesOf(arn ?? "", filters, token, size),
    placeholderData: (previous, query) => (query?.queryKey[1] === arn ? previous : undefined),
  });
}

/** One page of images. */
export function imagesOf(arn: string, filters: Filters, token: string | undefined, size: number): Promise<Page> {
  return get<Page>("images", {
    DatasetArn: arn,
    Label: filters.label === undefined ? [] : [filters.label],
    Labeled: filters.labeled,
    Errors: filters.errors || undefined,
    Text: filters.text,
    NextToken: token,
    MaxResults: size,
  });
}

export function useTraining(version: Version | undefined): UseQueryResult<Training> {
  const trains = version?.Status === "TRAINING_IN_PROGRESS";
  return useQuery({
    queryKey: ["training", version?.ProjectVersionArn, version?.Status],
    enabled: Boolean(version),
    queryFn: () => get<Training>("training", { ProjectVersionArn: version?.ProjectVersionArn }),
    refetchInterval: trains ? SOON : false,
  });
}

export function useEvaluation(version: Version | undefined): UseQueryResult<Evaluation> {
  return useQuery({
    queryKey: ["evaluation", version?.ProjectVersionArn],
    enabled: isTrained(version),
    queryFn: () => get<Evaluation>("evaluation", { ProjectVersionArn: version?.ProjectVersionArn }),
    staleTime: Infinity,
  });
}

export function useTestImages(version: Version | undefined): UseQueryResult<TestImage[]> {
  return useQuery({
    queryKey: ["test-images", version?.ProjectVersionArn],
    enabled: isTrained(version),
    queryFn: async () =>
      (await get<{ Images: TestImage[] }>("test-images", { ProjectVersionArn: version?.ProjectVersionArn })).Images,
    staleTime: Infinity,
  });
}

/** Whether a model has been trained or copied, so that it can be looked at and started. */
export function isTrained(version: Version | undefined): boolean {
  return Boolean(version) && !/^(TRAINING_IN_PROGRESS|TRAINING_FAILED|COPYING_IN_PROGRESS|COPYING_FAILED)$/.test(version?.Status ?? "");
}

/** Have everything that depends on a project read again. */
export async function refresh(client: QueryClient, arn?: string): Promise<void> {
  const keys = arn ? [["projects", projectName(arn)], ["projects"], ["versions"], ["all-versions"]] : [["projects"]];
  await Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })));
}

/** Have a dataset, its labels and images read again. */
export async function refreshDataset(client: QueryClient, arn: string): Promise<void> {
  await client.invalidateQueries({ queryKey: ["dataset", arn] });
  await Promise.all(
    ["labels", "images"].map((name) => client.invalidateQueries({ queryKey: [name, arn] })),
  );
}

async function versionsOf(arn: string): Promise<Version[]> {
  return pages<Version>(
    (NextToken) => rekognition("DescribeProjectVersions", { ProjectArn: arn, NextToken }),
    "ProjectVersionDescriptions",
  );
}

async function pages<T>(read: (token?: string) => Promise<object>, member: string): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const page = (await read(token)) as Record<string, unknown>;
    found.push(...(page[member] as T[]));
    token = page.NextToken as string | undefined;
  } while (token);
  return found;
}

function interval(states: string[] | undefined, soon = SOON): number {
  return states?.some(isBusy) ? soon : SELDOM;
}
