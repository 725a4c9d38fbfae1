/** The project's name in the ARN of a project, dataset or model version. */
export function projectName(arn: string): string {
  return parts(arn)[1] ?? "";
}

/** The version's name in the ARN of a model version. */
export function versionName(arn: string): string {
  return parts(arn)[3] ?? "";
}

/** The file's name in s3://bucket/folder/name. */
export function fileName(sourceRef: string): string {
  return sourceRef.slice(sourceRef.lastIndexOf("/") + 1);
}

/** Bucket and key of s3://bucket/key; null for anything else. */
export function s3Place(uri: string): { Bucket: string; Name: string } | null {
  const found = /^s3:\/\/([a-z0-9.-]{3,63})\/?(.*)$/s.exec(uri.trim());
  return found ? { Bucket: found[1] ?? "", Name: found[2] ?? "" } : null;
}

/** The path of a project's page in the console. */
export function projectPath(project: string, ...further: string[]): string {
  return ["/projects", project, ...further].map((part, i) => (i ? encodeURIComponent(part) : part)).join("/");
}

function parts(arn: string): string[] {
  return (arn.split(":")[5] ?? "").split("/");
}
