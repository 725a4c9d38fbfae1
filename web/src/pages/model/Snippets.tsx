import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useMe } from "../../api/queries";
import type { Project, Version } from "../../api/types";
import { Code } from "../../components/Copyable";
import { PageLink } from "../../components/PageLink";
import { snippets } from "./code";

/** Code that asks this very model, to be pasted. */
export function Snippets({ version, project }: { version: Version; project: Project }) {
  const region = useMe().data?.Region ?? "us-east-1";
  const languages = snippets({
    arn: version.ProjectVersionArn,
    projectArn: project.ProjectArn,
    endpoint: window.location.origin,
    region,
  });
  return (
    <Container header={<Header variant="h2" description="The API is that of Amazon Rekognition: AWS's own tools and SDKs ask this server.">Use your model</Header>}>
      <SpaceBetween size="m">
        <Alert type="info">
          Each of these needs an access key: <PageLink to="/account">create one</PageLink>, and set{" "}
          <Box variant="code">AWS_ACCESS_KEY_ID</Box> and <Box variant="code">AWS_SECRET_ACCESS_KEY</Box> in your terminal. Where the
          server runs on this machine, <Box variant="code">eval "$(customlabels env)"</Box> does all of it.
        </Alert>
        <Tabs
          tabs={languages.map((language) => ({
            id: language.name.replace(" ", "-"),
            label: language.name,
            content: (
              <SpaceBetween size="l">
                {language.parts.map((part) => (
                  <div key={part.title}>
                    <Box variant="h4">{part.title}</Box>
                    <Code text={part.code} label={`${language.name}: ${part.title}`} />
                  </div>
                ))}
              </SpaceBetween>
            ),
          }))}
        />
      </SpaceBetween>
    </Container>
  );
}
