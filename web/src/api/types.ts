/** Shapes of the API, as far as the console reads them. Times are seconds since 1970. */

export interface Me {
  Account: string;
  User: string;
  Arn: string;
  Region: string;
  HasPassword: boolean;
  Bucket: string;
  MayManageUsers: boolean;
  Limits: { MaxUnits: number; MaxRunning: number; MaxTrainings: number };
}

export type DatasetType = "TRAIN" | "TEST";

export interface DatasetMetadata {
  DatasetArn: string;
  DatasetType: DatasetType;
  Status: string;
  StatusMessage: string;
  CreationTimestamp: number;
}

export interface Project {
  ProjectArn: string;
  CreationTimestamp: number;
  Status: string;
  Datasets?: DatasetMetadata[];
}

export interface Dataset {
  CreationTimestamp: number;
  LastUpdatedTimestamp: number;
  Status: string;
  StatusMessage: string;
  DatasetStats: { LabeledEntries: number; TotalEntries: number; TotalLabels: number; ErrorEntries: number };
}

export interface S3Object {
  Bucket: string;
  Name: string;
}

export interface Manifests {
  Assets?: { GroundTruthManifest: { S3Object: S3Object } }[];
  AutoCreate?: boolean;
}

export interface Version {
  ProjectVersionArn: string;
  CreationTimestamp: number;
  Status: string;
  StatusMessage: string;
  VersionDescription?: string;
  MinInferenceUnits?: number;
  MaxInferenceUnits?: number;
  BillableTrainingTimeInSeconds?: number;
  TrainingEndTimestamp?: number;
  OutputConfig: { S3Bucket: string; S3KeyPrefix?: string };
  TrainingDataResult?: { Input?: Manifests; Output?: Manifests; Validation?: Manifests };
  TestingDataResult?: { Input?: Manifests; Output?: Manifests; Validation?: Manifests };
  ManifestSummary?: { S3Object: S3Object };
  EvaluationResult?: { F1Score: number; Summary: { S3Object: S3Object } };
  KmsKeyId?: string;
  SourceProjectVersionArn?: string;
}

export interface Box {
  Label: string;
  Left: number;
  Top: number;
  Width: number;
  Height: number;
}

export interface Picture {
  SourceRef: string;
  Labels: string[];
  Boxes: Box[];
  Width: number | null;
  Height: number | null;
  Labeled: boolean;
  Errors: { Code: string; Message: string }[];
}

export interface LabelOfDataset {
  Name: string;
  Images: number;
  BoxedImages: number;
  Colour: string | null;
}

export interface Training {
  Status: string;
  StatusMessage: string;
  Phase: string;
  Fraction: number;
  SecondsLeft: number | null;
  Losses: [number, number][];
  Began: number;
}

export interface Curve {
  Thresholds: number[];
  Precision: number[];
  Recall: number[];
  F1: number[];
}

export interface LabelResult {
  Label: string;
  TestImages: number;
  TP: number;
  FP: number;
  FN: number;
  Precision: number;
  Recall: number;
  F1: number;
  F1Interval: [number, number];
  Threshold: number;
  AveragePrecision: number | null;
  Curve: Curve;
}

export interface Evaluation {
  Task: "classification" | "detection";
  F1: number;
  F1Interval: [number, number];
  Precision: number;
  Recall: number;
  AveragePrecision: number | null;
  AverageRecall: number | null;
  Labels: LabelResult[];
  Confusion: { Labels: string[]; Counts: number[][] };
  TrainingImages: number;
  TestImages: number;
  Facts: Record<string, unknown>;
  Losses: [number, number][];
}

export type Outcome = "TP" | "FP" | "FN" | "TN";
export type Corners = [number, number, number, number];

export interface TestItem {
  Label: string;
  Outcome: Outcome;
  Confidence: number;
  Predicted: Corners | null;
  Truth: Corners | null;
}

export interface TestImage {
  SourceRef: string;
  Items: TestItem[];
}

export interface Scores {
  TP: number;
  FP: number;
  FN: number;
  F1: number;
}

export interface Comparison {
  CommonImages: number;
  TestImages: [number, number];
  F1: [number, number];
  Labels: { Label: string; First: Scores; Second: Scores }[];
  Images: { SourceRef: string; First: number; Second: number }[];
}

export interface CustomLabel {
  Name: string;
  Confidence: number;
  Geometry?: { BoundingBox: { Left: number; Top: number; Width: number; Height: number } };
}

export interface Example {
  Name: string;
  Title: string;
  Task: string;
  Description: string;
  Labels: string[];
  Images: number;
  Licence: string;
  Source: string;
}

export interface Key {
  Id: string;
  Enabled: boolean;
  Created: number;
}

export interface User {
  Name: string;
  Arn: string;
  Created: number;
  Policies: { Name: string; Preset: boolean; Document: object }[];
  Keys: Key[];
}

export interface AuditEvent {
  time: string;
  principal: string | null;
  key: string | null;
  operation: string;
  resource: string;
  result: string;
  source: string;
  ms: number;
  request_id: string;
}
