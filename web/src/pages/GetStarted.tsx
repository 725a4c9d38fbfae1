import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useNavigate, useSearchParams } from "react-router-dom";
import { useMe } from "../api/queries";
import { Copyable } from "../components/Copyable";
import { usePage } from "../shell/page";

const STEPS = [
  ["Create a project", "A project holds your images, your labels and the models that you train from them."],
  ["Bring in images", "Drop them here, take a folder of a bucket, a manifest, a ZIP, or another dataset."],
  ["Label them", "Say what an image shows, or draw a box around each thing."],
  ["Train a model", "About a minute for a few dozen images. A fifth of them is held back as a test."],
  ["Look at the results", "F1 score, precision, recall, and every test image with what was right and wrong."],
  ["Use the model", "Start it and ask it: here, from your program with AWS's SDK, or take it with you as a ZIP."],
] as const;

export function Component() {
  const navigate = useNavigate();
  const me = useMe().data;
  const [parameters] = useSearchParams();
  usePage(["Get started"]);
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description="Teach a computer to recognise what matters to you, from a few dozen pictures, on your own machine."
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={() => void navigate("/examples")}>Try example projects</Button>
              <Button variant="primary" onClick={() => void navigate("/projects?create=1")}>
                Create project
              </Button>
            </SpaceBetween>
          }
        >
          Custom Labels
        </Header>
      }
    >
      <SpaceBetween size="l">
        {me && (parameters.has("welcome") || !me.HasPassword) && (
          <Alert
            type={me.HasPassword ? "success" : "info"}
            header={`Welcome, ${me.User}`}
            action={
              me.HasPassword ? undefined : <Button onClick={() => void navigate("/account")}>Choose a password</Button>
            }
          >
            {me.HasPassword
              ? "You are signed in."
              : "You came in by a link that works once. Choose a password to come back whenever you like."}
          </Alert>
        )}
        <Container header={<Header variant="h2">How it works</Header>}>
          <ColumnLayout columns={3} variant="text-grid">
            {STEPS.map(([title, text], i) => (
              <div key={title}>
                <Box variant="h3">
                  {i + 1}. {title}
                </Box>
                <Box variant="p">{text}</Box>
              </div>
            ))}
          </ColumnLayout>
        </Container>
        {me && (
          <Container
            header={
              <Header variant="h2" description="Made for you when you first came; what you upload and train lies there.">
                Your server
              </Header>
            }
          >
            <KeyValuePairs
              minColumnWidth={200}
              columns={3}
              items={[
                { label: "Storage bucket", value: <Copyable text={me.Bucket} label="bucket" /> },
                { label: "Account", value: <Copyable text={me.Account} label="account" /> },
                { label: "Region in names and signatures", value: me.Region },
                { label: "Endpoint of the API", value: <Copyable text={window.location.origin} label="endpoint" /> },
                { label: "Models that may run at once", value: me.Limits.MaxRunning || "any number" },
                { label: "Inference units of a model", value: me.Limits.MaxUnits || "any number" },
              ]}
            />
          </Container>
        )}
      </SpaceBetween>
    </ContentLayout>
  );
}
