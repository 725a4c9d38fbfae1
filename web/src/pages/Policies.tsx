import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import Textarea from "@cloudscape-design/components/textarea";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fatal } from "../api/cache";
import { rekognition, words } from "../api/client";
import { date } from "../api/format";
import { Confirm } from "../components/Confirm";
import { Failure } from "../components/Failure";

interface Policy {
  PolicyName: string;
  PolicyRevisionId: string;
  PolicyDocument: string;
  CreationTimestamp: number;
  LastUpdatedTimestamp: number;
}

/** Who may copy models out of a project: its policies. */
export function Policies({ arn }: { arn: string }) {
  const client = useQueryClient();
  const [editing, setEditing] = useState<Partial<Policy> | null>(null);
  const [deleting, setDeleting] = useState<Policy | null>(null);
  const policies = useQuery({
    queryKey: ["policies", arn],
    queryFn: async () =>
      (await rekognition<{ ProjectPolicies: Policy[] }>("ListProjectPolicies", { ProjectArn: arn })).ProjectPolicies,
  });
  const again = () => client.invalidateQueries({ queryKey: ["policies", arn] });
  if (fatal(policies)) return <Failure error={policies.error} retry={() => void policies.refetch()} />;
  return (
    <>
      <Table
        items={policies.data ?? []}
        loading={policies.isPending}
        loadingText="Loading the policies"
        trackBy="PolicyName"
        ariaLabels={{ tableLabel: "Project policies" }}
        header={
          <Header
            variant="h2"
            description="A policy lets users of other accounts copy models of this project."
            actions={<Button onClick={() => setEditing({ PolicyDocument: template(arn) })}>Attach policy</Button>}
          >
            Project policies
          </Header>
        }
        empty={<Box textAlign="center">No policy: only this account copies its models.</Box>}
        columnDefinitions={[
          { id: "name", header: "Name", cell: (policy) => policy.PolicyName, isRowHeader: true },
          { id: "updated", header: "Last changed", cell: (policy) => date(policy.LastUpdatedTimestamp) },
          {
            id: "actions",
            header: "Actions",
            cell: (policy) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="inline-link" ariaLabel={`Edit ${policy.PolicyName}`} onClick={() => setEditing(policy)}>
                  Edit
                </Button>
                <Button variant="inline-link" ariaLabel={`Delete ${policy.PolicyName}`} onClick={() => setDeleting(policy)}>
                  Delete
                </Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
      {editing && <EditPolicy arn={arn} policy={editing} onClose={() => setEditing(null)} onSaved={again} />}
      {deleting && (
        <Confirm
          title={`Delete the policy ${deleting.PolicyName}?`}
          action="Delete"
          onClose={() => setDeleting(null)}
          onConfirm={async () => {
            await rekognition("DeleteProjectPolicy", {
              ProjectArn: arn,
              PolicyName: deleting.PolicyName,
              PolicyRevisionId: deleting.PolicyRevisionId,
            });
            await again();
          }}
        >
          Whom it lets copy models can do so no more.
        </Confirm>
      )}
    </>
  );
}

interface EditProps {
  arn: string;
  policy: Partial<Policy>;
  onClose: () => void;
  onSaved: () => Promise<void>;
}

function EditPolicy({ arn, policy, onClose, onSaved }: EditProps) {
  const [name, setName] = useState(policy.PolicyName ?? "");
  const [text, setText] = useState(pretty(policy.PolicyDocument ?? ""));
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);

  async function save() {
    setSaving(true);
    try {
      await rekognition("PutProjectPolicy", {
        ProjectArn: arn,
        PolicyName: name.trim(),
        PolicyDocument: text,
        ...(policy.PolicyRevisionId ? { PolicyRevisionId: policy.PolicyRevisionId } : {}),
      });
      await onSaved();
      onClose();
    } catch (error) {
      setFailure(words(error));
      setSaving(false);
    }
  }

  return (
    <Modal
      visible
      size="large"
      header={policy.PolicyRevisionId ? `Edit ${policy.PolicyName}` : "Attach policy"}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" loading={saving} onClick={() => void save()}>
              Save changes
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="l">
        <FormField label="Policy name">
          <Input value={name} disabled={Boolean(policy.PolicyRevisionId)} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <FormField label="Policy (JSON)" stretch>
          <Textarea value={text} rows={16} spellcheck={false} onChange={({ detail }) => setText(detail.value)} />
        </FormField>
        {failure && <Alert type="error">{failure}</Alert>}
      </SpaceBetween>
    </Modal>
  );
}

function template(arn: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::111122223333:root" },
        Action: "rekognition:CopyProjectVersion",
        Resource: `${arn.slice(0, arn.lastIndexOf("/"))}/version/*`,
      },
    ],
  });
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
