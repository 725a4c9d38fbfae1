import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import Textarea from "@cloudscape-design/components/textarea";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router-dom";
import { fatal } from "../../api/cache";
import { get, post } from "../../api/client";
import { date } from "../../api/format";
import { useMe } from "../../api/queries";
import type { User } from "../../api/types";
import { Confirm } from "../../components/Confirm";
import { Failure } from "../../components/Failure";
import { Loading } from "../../components/Loading";
import { useNotices } from "../../shell/notices";
import { usePage } from "../../shell/page";
import { InviteLink } from "./InviteLink";
import { Keys } from "./Keys";

const OWN = "";
const PRESETS = ["Administrator", "Labeler", "Inference-only", "ReadOnly"];
const TEMPLATE = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: ["rekognition:DetectCustomLabels"], Resource: "*" }],
};

export function Component() {
  const name = useParams().user ?? "";
  const navigate = useNavigate();
  const client = useQueryClient();
  const notices = useNotices();
  const me = useMe().data;
  const user = useQuery({ queryKey: ["user", name], queryFn: () => get<User>("user", { Name: name }), retry: false });
  const [dialog, setDialog] = useState<"policy" | "remove" | null>(null);
  const [token, setToken] = useState("");
  usePage(["Users", "/users"], [name]);
  const again = () => client.invalidateQueries({ queryKey: ["user", name] });
  if (fatal(user)) return <Failure error={user.error} retry={() => void user.refetch()} />;
  if (!user.data) return <Loading />;

  async function run(action: () => Promise<unknown>, done: string) {
    try {
      await action();
      await again();
      notices.success(done);
    } catch (error) {
      notices.failed(error);
    }
  }

  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={`${user.data.Arn}, since ${date(user.data.Created)}`}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button
              onClick={() =>
                void run(async () => setToken((await post<{ Token: string }>("user/invite", { Name: name })).Token), "A link was made.")
              }
            >
              Make a link to sign in
            </Button>
            <Button onClick={() => void run(() => post("user/sign-out", { Name: name }), `${name} is signed out everywhere.`)}>Sign out everywhere</Button>
            <Button onClick={() => setDialog("remove")}>Remove user</Button>
          </SpaceBetween>
        }
      >
        {name}
      </Header>
      <Table
        items={user.data.Policies}
        trackBy="Name"
        ariaLabels={{ tableLabel: "Policies" }}
        empty={<Box textAlign="center">No policy: this user may do nothing.</Box>}
        header={
          <Header variant="h2" actions={<Button onClick={() => setDialog("policy")}>Attach policy</Button>}>
            Policies
          </Header>
        }
        columnDefinitions={[
          { id: "name", header: "Name", isRowHeader: true, cell: (policy) => policy.Name },
          { id: "kind", header: "Kind", cell: (policy) => (policy.Preset ? "Preset" : "Own") },
          {
            id: "document",
            header: "Document",
            cell: (policy) => (
              <details>
                <summary>Show</summary>
                <pre className="code">{JSON.stringify(policy.Document, null, 2)}</pre>
              </details>
            ),
          },
          {
            id: "actions",
            header: "Actions",
            cell: (policy) => (
              <Button
                variant="inline-link"
                ariaLabel={`Detach ${policy.Name}`}
                onClick={() => void run(() => post("user/detach", { Name: name, Policy: policy.Name }), `${policy.Name} was detached.`)}
              >
                Detach
              </Button>
            ),
          },
        ]}
      />
      <Keys user={name} region={me?.Region ?? ""} keys={user.data.Keys} onChange={again} />
      {dialog === "policy" && <Attach name={name} onClose={() => setDialog(null)} onDone={again} />}
      {dialog === "remove" && (
        <Confirm
          title={`Remove ${name}?`}
          typed="delete"
          action="Remove"
          onClose={() => setDialog(null)}
          onConfirm={async () => {
            await post("user/remove", { Name: name });
            await client.invalidateQueries({ queryKey: ["users"] });
            navigate("/users");
          }}
        >
          The user and all its access keys are gone for good. Projects stay: they belong to the account.
        </Confirm>
      )}
      {token && <InviteLink name={name} token={token} onClose={() => setToken("")} />}
    </SpaceBetween>
  );
}

function Attach({ name, onClose, onDone }: { name: string; onClose: () => void; onDone: () => Promise<unknown> }) {
  const options = [...PRESETS.map((preset) => ({ value: preset, label: preset })), { value: OWN, label: "A policy of your own (JSON)" }];
  const [chosen, setChosen] = useState(PRESETS[1] ?? OWN);
  const [policy, setPolicy] = useState("");
  const [text, setText] = useState(JSON.stringify(TEMPLATE, null, 2));
  const own = chosen === OWN;
  return (
    <Confirm
      title="Attach policy"
      action="Attach"
      onClose={onClose}
      onConfirm={async () => {
        await post("user/attach", own ? { Name: name, Policy: policy.trim(), Document: text } : { Name: name, Policy: chosen });
        await onDone();
      }}
    >
      <SpaceBetween size="m">
        <FormField label="Policy">
          <Select
            options={options}
            selectedOption={options.find((option) => option.value === chosen) ?? null}
            onChange={({ detail }) => setChosen(detail.selectedOption.value ?? OWN)}
            expandToViewport
          />
        </FormField>
        {own && (
          <>
            <FormField label="Name">
              <Input value={policy} onChange={({ detail }) => setPolicy(detail.value)} />
            </FormField>
            <FormField label="Document">
              <Textarea rows={12} spellcheck={false} value={text} onChange={({ detail }) => setText(detail.value)} />
            </FormField>
            <Alert type="info">As in IAM: Effect, Action, Resource, and conditions on tags. A Deny wins.</Alert>
          </>
        )}
      </SpaceBetween>
    </Confirm>
  );
}
