export interface Place {
  arn: string;
  projectArn: string;
  endpoint: string;
  region: string;
}

export interface Language {
  name: string;
  parts: { title: string; code: string }[];
}

const IMAGE = "PATH_TO_MY_IMAGE.jpg";

/** Programs that start, ask and stop a model, in several languages; all run as they are, but for the image's name. */
export function snippets({ arn, projectArn, endpoint, region }: Place): Language[] {
  const cli = (operation: string, further = "") =>
    `aws rekognition ${operation} \\\n  --project-version-arn "${arn}"${further} \\\n  --region ${region} --endpoint-url ${endpoint}`;
  const python = (body: string) =>
    `import boto3\n\nclient = boto3.client("rekognition", region_name="${region}", endpoint_url="${endpoint}")\n${body}`;
  const javascript = (command: string, further: string, rest: string) =>
    `import { RekognitionClient, ${command}Command } from "@aws-sdk/client-rekognition";\n${rest.includes("readFile") ? 'import { readFile } from "node:fs/promises";\n' : ""}\n` +
    `const client = new RekognitionClient({ region: "${region}", endpoint: "${endpoint}" });\n` +
    `const answer = await client.send(new ${command}Command({\n  ProjectVersionArn: "${arn}",${further}\n}));\n${rest.replace("readFile\n", "")}`;
  const curl = (operation: string, body: string) =>
    `curl --silent --aws-sigv4 "aws:amz:${region}:rekognition" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\\n` +
    `  -H "Content-Type: application/x-amz-json-1.1" -H "X-Amz-Target: RekognitionService.${operation}" \\\n  ${endpoint} --data-binary ${body}`;
  return [
    {
      name: "AWS CLI",
      parts: [
        { title: "Start model", code: cli("start-project-version", " \\\n  --min-inference-units 1") },
        { title: "Analyze image", code: cli("detect-custom-labels", ` \\\n  --image-bytes fileb://${IMAGE}`) },
        { title: "Stop model", code: cli("stop-project-version") },
      ],
    },
    {
      name: "Python",
      parts: [
        {
          title: "Start model",
          code: python(
            `client.start_project_version(ProjectVersionArn="${arn}", MinInferenceUnits=1)\n` +
              `client.get_waiter("project_version_running").wait(\n    ProjectArn="${projectArn}", VersionNames=["${versionOf(arn)}"]\n)\n` +
              `print("The model is running.")\n`,
          ),
        },
        {
          title: "Analyze image",
          code: python(
            `with open("${IMAGE}", "rb") as image:\n` +
              `    answer = client.detect_custom_labels(\n        ProjectVersionArn="${arn}", Image={"Bytes": image.read()}\n    )\n` +
              `for label in answer["CustomLabels"]:\n    print(label["Name"], label["Confidence"], label.get("Geometry"))\n`,
          ),
        },
        {
          title: "Stop model",
          code: python(`print(client.stop_project_version(ProjectVersionArn="${arn}")["Status"])\n`),
        },
      ],
    },
    {
      name: "JavaScript",
      parts: [
        {
          title: "Start model",
          code: javascript("StartProjectVersion", "\n  MinInferenceUnits: 1,", "console.log(answer.Status);\n"),
        },
        {
          title: "Analyze image",
          code: javascript(
            "DetectCustomLabels",
            `\n  Image: { Bytes: await readFile("${IMAGE}") },`,
            "readFile\nconsole.log(answer.CustomLabels);\n",
          ),
        },
        { title: "Stop model", code: javascript("StopProjectVersion", "", "console.log(answer.Status);\n") },
      ],
    },
    {
      name: "curl",
      parts: [
        { title: "Start model", code: curl("StartProjectVersion", `'{"ProjectVersionArn": "${arn}", "MinInferenceUnits": 1}'`) },
        {
          title: "Analyze image",
          code: `printf '{"ProjectVersionArn": "${arn}", "Image": {"Bytes": "%s"}}' "$(base64 < ${IMAGE} | tr -d '\\n')" > request.json\n${curl("DetectCustomLabels", "@request.json")}`,
        },
        { title: "Stop model", code: curl("StopProjectVersion", `'{"ProjectVersionArn": "${arn}"}'`) },
      ],
    },
  ];
}

function versionOf(arn: string): string {
  return arn.split("/")[3] ?? "";
}
