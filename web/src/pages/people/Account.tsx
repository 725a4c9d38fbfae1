import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { get, post, words } from "../../api/client";
import { useMe } from "../../api/queries";
import type { Key, Me } from "../../api/types";
import { Copyable } from "../../components/Copyable";
import { useNotices } from "../../shell/notices";
import { usePage } from "../../shell/page";
import { Keys } from "./Keys";

export function Component() {
  const me = useMe().data;
  const client = useQueryClient();
  usePage(["My account and keys"]);
  const keys = useQuery({
    queryKey: ["keys", me?.User],
    enabled: Boolean(me),
    queryFn: async () => (await get<{ Keys: Key[] }>("keys", { Name: me?.User })).Keys,
  });
  if (!me) return null;
  return (
    <SpaceBetween size="l">
      <Header variant="h1">My account and keys</Header>
      <Container header={<Header variant="h2">Who I am</Header>}>
        <KeyValuePairs
          minColumnWidth={200}
          columns={3}
          items={[
            { label: "User", value: me.User },
            { label: "Account", value: <Copyable text={me.Account} label="account" /> },
            { label: "ARN", value: <Copyable text={me.Arn} label="ARN" /> },
            { label: "Region", value: me.Region },
            { label: "Endpoint", value: <Copyable text={window.location.origin} label="endpoint" /> },
            { label: "Storage bucket", value: <Copyable text={me.Bucket} label="bucket" /> },
          ]}
        />
      </Container>
      <Password me={me} />
      <Keys
        user={me.User}
        region={me.Region}
        keys={keys.data ?? []}
        onChange={() => client.invalidateQueries({ queryKey: ["keys", me.User] })}
      />
    </SpaceBetween>
  );
}

function Password({ me }: { me: Me }) {
  const client = useQueryClient();
  const notices = useNotices();
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);

  async function save() {
    if (password !== again) {
      setFailure("The two passwords are not the same.");
      return;
    }
    setSaving(true);
    setFailure("");
    try {
      await post("me/password", { Password: password, OldPassword: old });
      await client.invalidateQueries({ queryKey: ["me"] });
      setOld("");
      setPassword("");
      setAgain("");
      notices.success("The password was saved. Other sessions of yours were ended.");
    } catch (error) {
      setFailure(words(error));
    } finally {
      setSaving(false);
    }
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Container header={<Header variant="h2">{me.HasPassword ? "Change password" : "Choose a password"}</Header>}>
        <Form
          actions={
            <Button variant="primary" loading={saving} formAction="submit">
              Save password
            </Button>
          }
        >
          <SpaceBetween size="m">
            {me.HasPassword && (
              <FormField label="Old password">
                <Input type="password" autoComplete="current-password" value={old} onChange={({ detail }) => setOld(detail.value)} />
              </FormField>
            )}
            <FormField label="New password" constraintText="At least 8 characters">
              <Input type="password" autoComplete="new-password" value={password} onChange={({ detail }) => setPassword(detail.value)} />
            </FormField>
            <FormField label="New password again">
              <Input type="password" autoComplete="new-password" value={again} onChange={({ detail }) => setAgain(detail.value)} />
            </FormField>
            {failure && <Alert type="error">{failure}</Alert>}
          </SpaceBetween>
        </Form>
      </Container>
    </form>
  );
}
