// The workshop by AWS's SDK for JavaScript, told where the server is by AWS_ENDPOINT_URL and nothing else.
// Arguments: a name for what it makes, the folder with the pictures, the manifest. Exits 1 at the first surprise.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as rekognition from "@aws-sdk/client-rekognition";
import * as s3 from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [name, folder, manifestPath] = process.argv.slice(2);
const labels = new rekognition.RekognitionClient({});
const store = new s3.S3Client({ forcePathStyle: true });
const Bucket = `e2e-${name}`;

async function until(what, condition) {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    assert(Date.now() < deadline, `${what} takes too long`);
    await sleep(100);
  }
}

const describe = async (ProjectArn) =>
  (await labels.send(new rekognition.DescribeProjectVersionsCommand({ ProjectArn }))).ProjectVersionDescriptions;
const settled = (DatasetArn, status, entries) =>
  until(`${DatasetArn} ${status}`, async () => {
    const { DatasetDescription: now } = await labels.send(new rekognition.DescribeDatasetCommand({ DatasetArn }));
    if (now.Status.endsWith("IN_PROGRESS")) return undefined;
    assert.equal(now.Status, status, now.StatusMessage);
    assert.equal(now.DatasetStats.TotalEntries, entries);
    return now;
  });

// Upload.
await store.send(new s3.CreateBucketCommand({ Bucket }));
const manifest = await readFile(manifestPath, "utf8");
const keys = manifest.trim().split("\n").map((line) => JSON.parse(line)["source-ref"].slice(`s3://${Bucket}/`.length));
for (const Key of keys) {
  await store.send(new s3.PutObjectCommand({ Bucket, Key, Body: await readFile(join(folder, Key)) }));
}
await store.send(new s3.PutObjectCommand({ Bucket, Key: "labels.manifest", Body: manifest }));
const listed = [];
for await (const page of s3.paginateListObjectsV2({ client: store, pageSize: 6 }, { Bucket })) {
  listed.push(...page.Contents.map((object) => object.Key));
}
assert.deepEqual(listed, [...keys, "labels.manifest"].sort());
const address = await getSignedUrl(store, new s3.GetObjectCommand({ Bucket, Key: keys[0] }), { expiresIn: 60 });
const picture = Buffer.from(await (await fetch(address)).arrayBuffer());
assert.deepEqual(picture, await readFile(join(folder, keys[0])));

// Datasets.
const began = Date.now();
const { ProjectArn } = await labels.send(
  new rekognition.CreateProjectCommand({ ProjectName: name, Tags: { made: "by JavaScript" } }),
);
const { Tags } = await labels.send(new rekognition.ListTagsForResourceCommand({ ResourceArn: ProjectArn }));
assert.deepEqual(Tags, { made: "by JavaScript" });
const GroundTruthManifest = { S3Object: { Bucket, Name: "labels.manifest" } };
const create = async (request) => (await labels.send(new rekognition.CreateDatasetCommand(request))).DatasetArn;
const train = await create({ ProjectArn, DatasetType: "TRAIN", DatasetSource: { GroundTruthManifest } });
const test = await create({ ProjectArn, DatasetType: "TEST" });
const created = await settled(train, "CREATE_COMPLETE", keys.length);
assert(created.CreationTimestamp instanceof Date);
assert(Math.abs(created.CreationTimestamp - began) < 10_000);
await settled(test, "CREATE_COMPLETE", 0);
await labels.send(new rekognition.DistributeDatasetEntriesCommand({ Datasets: [{ Arn: train }, { Arn: test }] }));
await settled(train, "UPDATE_COMPLETE", 16);
await settled(test, "UPDATE_COMPLETE", 4);
const entries = [];
for await (const page of rekognition.paginateListDatasetEntries({ client: labels, pageSize: 3 }, { DatasetArn: test })) {
  entries.push(...page.DatasetEntries.map((line) => JSON.parse(line)));
}
assert.equal(new Set(entries.map((entry) => entry["source-ref"])).size, 4);
assert(entries.every((entry) => entry["cl-metadata"].is_labeled));
await labels.send(
  new rekognition.UpdateDatasetEntriesCommand({
    DatasetArn: test,
    Changes: { GroundTruth: new TextEncoder().encode(JSON.stringify(entries[0])) },
  }),
);
await settled(test, "UPDATE_COMPLETE", 4);

// Training, run, detection.
const { ProjectVersionArn } = await labels.send(
  new rekognition.CreateProjectVersionCommand({
    ProjectArn,
    VersionName: "1",
    OutputConfig: { S3Bucket: Bucket, S3KeyPrefix: "out" },
    Tags: { "customlabels:effort": "fast" },
  }),
);
await rekognition.waitUntilProjectVersionTrainingCompleted(
  { client: labels, maxWaitTime: 120, minDelay: 1, maxDelay: 1 },
  { ProjectArn, VersionNames: ["1"] },
);
const [trained] = await describe(ProjectArn);
assert(trained.EvaluationResult.F1Score >= 0.9, `F1 ${trained.EvaluationResult.F1Score}`);
const { Bucket: where, Name: summaryKey } = trained.EvaluationResult.Summary.S3Object;
const summary = await store.send(new s3.GetObjectCommand({ Bucket: where, Key: summaryKey }));
const { AggregatedEvaluationResults } = JSON.parse(await summary.Body.transformToString());
assert.equal(AggregatedEvaluationResults.F1Score, trained.EvaluationResult.F1Score);

const image = { Bytes: picture };
await assert.rejects(
  labels.send(new rekognition.DetectCustomLabelsCommand({ ProjectVersionArn, Image: image })),
  (error) => error instanceof rekognition.ResourceNotReadyException && error.$metadata.requestId !== undefined,
);
const started = await labels.send(
  new rekognition.StartProjectVersionCommand({ ProjectVersionArn, MinInferenceUnits: 1 }),
);
assert.equal(started.Status, "STARTING");
await rekognition.waitUntilProjectVersionRunning(
  { client: labels, maxWaitTime: 120, minDelay: 1, maxDelay: 1 },
  { ProjectArn, VersionNames: ["1"] },
);
for (const Image of [image, { S3Object: { Bucket, Name: keys[0] } }]) {
  const { CustomLabels } = await labels.send(new rekognition.DetectCustomLabelsCommand({ ProjectVersionArn, Image }));
  assert.deepEqual(CustomLabels.map((label) => label.Name), ["disc"]);
  assert(CustomLabels[0].Confidence > 50);
}

// Stop and delete.
const stopped = await labels.send(new rekognition.StopProjectVersionCommand({ ProjectVersionArn }));
assert.equal(stopped.Status, "STOPPING");
await until("the stop", async () => (await describe(ProjectArn))[0].Status === "STOPPED");
await labels.send(new rekognition.DeleteProjectVersionCommand({ ProjectVersionArn }));
await until("the version's end", async () => (await describe(ProjectArn)).length === 0);
for (const DatasetArn of [train, test]) {
  await labels.send(new rekognition.DeleteDatasetCommand({ DatasetArn }));
  await until("the dataset's end", () =>
    labels.send(new rekognition.DescribeDatasetCommand({ DatasetArn })).then(
      () => false,
      (error) => {
        assert(error instanceof rekognition.ResourceNotFoundException, String(error));
        return true;
      },
    ),
  );
}
await labels.send(new rekognition.DeleteProjectCommand({ ProjectArn }));
await until("the project's end", async () => {
  const found = await labels.send(new rekognition.DescribeProjectsCommand({ ProjectNames: [name] }));
  return found.ProjectDescriptions.length === 0;
});
const { Contents } = await store.send(new s3.ListObjectsV2Command({ Bucket }));
const Objects = Contents.map(({ Key }) => ({ Key }));
const removed = await store.send(new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
assert.equal(removed.Deleted.length, Objects.length);
await store.send(new s3.DeleteBucketCommand({ Bucket }));
console.log("all as expected");
