import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";

export interface Tag {
  key: string;
  value: string;
}

/** Keys and values that can be added, changed and removed. */
export function Tags({ tags, onChange }: { tags: Tag[]; onChange: (tags: Tag[]) => void }) {
  const change = (i: number, part: Partial<Tag>) =>
    onChange(tags.map((tag, k) => (k === i ? { ...tag, ...part } : tag)));
  return (
    <SpaceBetween size="s">
      {tags.map((tag, i) => (
        <SpaceBetween key={i} size="xs" direction="horizontal" alignItems="end">
          <FormField label={i ? undefined : "Key"}>
            <Input ariaLabel="Key" value={tag.key} onChange={({ detail }) => change(i, { key: detail.value })} />
          </FormField>
          <FormField label={i ? undefined : "Value"}>
            <Input ariaLabel="Value" value={tag.value} onChange={({ detail }) => change(i, { value: detail.value })} />
          </FormField>
          <Button formAction="none" ariaLabel={`Remove the tag ${tag.key}`} onClick={() => onChange(tags.filter((_, k) => k !== i))}>
            Remove
          </Button>
        </SpaceBetween>
      ))}
      <Button formAction="none" iconName="add-plus" disabled={tags.length >= 50} onClick={() => onChange([...tags, { key: "", value: "" }])}>
        Add tag
      </Button>
    </SpaceBetween>
  );
}

/** Tags as the API takes them; those without a key are left out. */
export function tagMap(tags: Tag[]): Record<string, string> {
  return Object.fromEntries(tags.filter((tag) => tag.key.trim()).map((tag) => [tag.key.trim(), tag.value]));
}
