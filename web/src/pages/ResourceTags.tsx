import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fatal } from "../api/cache";
import { rekognition } from "../api/client";
import { Failure } from "../components/Failure";
import { tagMap, Tags, type Tag } from "../components/Tags";
import { useNotices } from "../shell/notices";

/** The tags of a project, dataset or model: seen and changed. */
export function ResourceTags({ arn }: { arn: string }) {
  const client = useQueryClient();
  const notices = useNotices();
  const [changed, setChanged] = useState<Tag[] | null>(null);
  const [saving, setSaving] = useState(false);
  const known = useQuery({
    queryKey: ["tags", arn],
    queryFn: async () => (await rekognition<{ Tags: Record<string, string> }>("ListTagsForResource", { ResourceArn: arn })).Tags,
  });
  if (fatal(known)) return <Failure error={known.error} retry={() => void known.refetch()} />;
  const stored = Object.entries(known.data ?? {}).map(([key, value]) => ({ key, value }));

  async function save() {
    const wanted = tagMap(changed ?? []);
    const gone = stored.map((tag) => tag.key).filter((key) => !(key in wanted));
    setSaving(true);
    try {
      if (gone.length) await rekognition("UntagResource", { ResourceArn: arn, TagKeys: gone });
      if (Object.keys(wanted).length) await rekognition("TagResource", { ResourceArn: arn, Tags: wanted });
      await client.invalidateQueries({ queryKey: ["tags", arn] });
      setChanged(null);
      notices.success("The tags were saved.");
    } catch (error) {
      notices.failed(error);
    } finally {
      setSaving(false);
    }
  }

  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Keys and values of your own, to find things and to say who may use them."
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {changed && <Button onClick={() => setChanged(null)}>Cancel</Button>}
              <Button variant="primary" disabled={!changed} loading={saving} onClick={() => void save()}>
                Save changes
              </Button>
            </SpaceBetween>
          }
        >
          Tags
        </Header>
      }
    >
      <Tags tags={changed ?? stored} onChange={setChanged} />
    </Container>
  );
}
