import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Cards from "@cloudscape-design/components/cards";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { fatal } from "../api/cache";
import { get, post } from "../api/client";
import { projectPath } from "../api/names";
import { refresh } from "../api/queries";
import type { Example } from "../api/types";
import { Failure } from "../components/Failure";
import { useNotices } from "../shell/notices";
import { usePage } from "../shell/page";

export function Component() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const notices = useNotices();
  const [making, setMaking] = useState("");
  const examples = useQuery({
    queryKey: ["examples"],
    queryFn: async () => (await get<{ Examples: Example[] }>("examples")).Examples,
  });
  usePage(["Example projects"]);

  async function make(example: Example) {
    setMaking(example.Name);
    try {
      const made = await post<{ ProjectName: string; Source: string }>("examples", { Name: example.Name });
      await refresh(client);
      notices.success(`The project ${made.ProjectName} is ready to train. Its images: ${made.Source}`);
      navigate(projectPath(made.ProjectName));
    } catch (error) {
      notices.failed(error);
    } finally {
      setMaking("");
    }
  }

  if (fatal(examples)) return <Failure error={examples.error} retry={() => void examples.refetch()} />;
  return (
    <Cards
      header={
        <Header
          variant="h1"
          description="Labelled images of every kind of task. Create a project from one and press Train model: two clicks."
        >
          Example projects
        </Header>
      }
      loading={examples.isPending}
      loadingText="Loading the examples"
      items={examples.data ?? []}
      trackBy="Name"
      cardDefinition={{
        header: (example) => example.Title,
        sections: [
          { id: "task", content: (example) => <Badge color="blue">{example.Task}</Badge> },
          { id: "what", content: (example) => example.Description },
          {
            id: "facts",
            header: "Images and labels",
            content: (example) => `${example.Images} images: ${example.Labels.join(", ")}`,
          },
          {
            id: "licence",
            header: "Source",
            content: (example) => (
              <Box color="text-body-secondary" fontSize="body-s">
                {example.Source} ({example.Licence})
              </Box>
            ),
          },
          {
            id: "action",
            content: (example) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  loading={making === example.Name}
                  disabled={making !== "" && making !== example.Name}
                  onClick={() => void make(example)}
                >
                  Create project “{example.Title}”
                </Button>
              </SpaceBetween>
            ),
          },
        ],
      }}
    />
  );
}
