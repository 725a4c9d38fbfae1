import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fatal } from "../../api/cache";
import { get, post } from "../../api/client";
import { Confirm } from "../../components/Confirm";
import { Failure } from "../../components/Failure";
import { PageLink } from "../../components/PageLink";
import { usePage } from "../../shell/page";
import { InviteLink } from "./InviteLink";

interface Listed {
  Users: { Name: string; Policies: string[] }[];
  Presets: string[];
}

export function Component() {
  const client = useQueryClient();
  const users = useQuery({ queryKey: ["users"], queryFn: () => get<Listed>("users") });
  const [inviting, setInviting] = useState(false);
  const [link, setLink] = useState<{ name: string; token: string } | null>(null);
  usePage(["Users"]);
  if (fatal(users)) return <Failure error={users.error} retry={() => void users.refetch()} />;
  return (
    <>
      <Table
        items={users.data?.Users ?? []}
        loading={users.isPending}
        loadingText="Loading the users"
        trackBy="Name"
        ariaLabels={{ tableLabel: "Users" }}
        header={
          <Header
            variant="h1"
            counter={users.data ? `(${users.data.Users.length})` : undefined}
            description="Who may sign in here, and call the API."
            actions={
              <Button variant="primary" onClick={() => setInviting(true)}>
                Invite user
              </Button>
            }
          >
            Users
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: "Name", isRowHeader: true, cell: (user) => <PageLink to={`/users/${encodeURIComponent(user.Name)}`}>{user.Name}</PageLink> },
          { id: "policies", header: "May do", cell: (user) => user.Policies.join(", ") || <Box color="text-status-inactive">Nothing yet</Box> },
        ]}
      />
      {inviting && (
        <Invite
          presets={users.data?.Presets ?? []}
          onClose={() => setInviting(false)}
          onDone={async (name, token) => {
            setLink({ name, token });
            await client.invalidateQueries({ queryKey: ["users"] });
          }}
        />
      )}
      {link && <InviteLink name={link.name} token={link.token} onClose={() => setLink(null)} />}
    </>
  );
}

interface InviteProps {
  presets: string[];
  onClose: () => void;
  onDone: (name: string, token: string) => Promise<void>;
}

function Invite({ presets, onClose, onDone }: InviteProps) {
  const [name, setName] = useState("");
  const [policies, setPolicies] = useState<string[]>(["Labeler"]);
  const options = presets.map((preset) => ({ value: preset, label: preset, description: WHAT[preset] }));
  return (
    <Confirm
      title="Invite user"
      action="Invite"
      onClose={onClose}
      onConfirm={async () => {
        const { Token } = await post<{ Token: string }>("users", { Name: name.trim(), Policies: policies });
        await onDone(name.trim(), Token);
      }}
    >
      <SpaceBetween size="m">
        <FormField label="User name" constraintText="1 to 64 of A-Z a-z 0-9 _ + = , . @ -">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
        </FormField>
        <FormField label="May do" description="Finer rules can be written on the user's page.">
          <Multiselect
            options={options}
            selectedOptions={options.filter((option) => policies.includes(option.value))}
            onChange={({ detail }) => setPolicies(detail.selectedOptions.map((option) => option.value ?? ""))}
            expandToViewport
          />
        </FormField>
        <Alert type="info">You get a link to send. It signs the user in once; then a password can be chosen.</Alert>
      </SpaceBetween>
    </Confirm>
  );
}

const WHAT: Record<string, string> = {
  Administrator: "Everything, users included",
  Labeler: "Look, bring in images, label; no training",
  "Inference-only": "Ask running models; nothing else",
  ReadOnly: "Look at everything, change nothing",
};
