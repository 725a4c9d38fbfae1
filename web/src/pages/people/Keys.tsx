import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { post } from "../../api/client";
import { date } from "../../api/format";
import type { Key } from "../../api/types";
import { Code, Copyable } from "../../components/Copyable";
import { Confirm } from "../../components/Confirm";
import { useNotices } from "../../shell/notices";

interface Props {
  user: string;
  region: string;
  keys: Key[];
  onChange: () => Promise<unknown>;
}

/** A user's access keys: made, with the secret shown once, and disabled. */
export function Keys({ user, region, keys, onChange }: Props) {
  const notices = useNotices();
  const [made, setMade] = useState<{ Id: string; Secret: string } | null>(null);
  const [disabling, setDisabling] = useState<Key | null>(null);

  async function create() {
    try {
      setMade(await post("keys", { Name: user }));
      await onChange();
    } catch (error) {
      notices.failed(error);
    }
  }

  return (
    <>
      <Table
        items={keys}
        trackBy="Id"
        ariaLabels={{ tableLabel: "Access keys" }}
        empty={<Box textAlign="center">No access key. Programs that call the API need one.</Box>}
        header={
          <Header variant="h2" description="What programs sign their calls with." actions={<Button onClick={() => void create()}>Create access key</Button>}>
            Access keys
          </Header>
        }
        columnDefinitions={[
          { id: "id", header: "Access key ID", isRowHeader: true, cell: (key) => <Copyable text={key.Id} label="access key ID" /> },
          { id: "created", header: "Date created", cell: (key) => date(key.Created) },
          {
            id: "state",
            header: "State",
            cell: (key) => <StatusIndicator type={key.Enabled ? "success" : "stopped"}>{key.Enabled ? "Active" : "Disabled"}</StatusIndicator>,
          },
          {
            id: "actions",
            header: "Actions",
            cell: (key) =>
              key.Enabled ? (
                <Button variant="inline-link" ariaLabel={`Disable ${key.Id}`} onClick={() => setDisabling(key)}>
                  Disable
                </Button>
              ) : (
                "–"
              ),
          },
        ]}
      />
      {disabling && (
        <Confirm
          title="Disable the access key?"
          action="Disable"
          onClose={() => setDisabling(null)}
          onConfirm={async () => {
            await post("keys/disable", { Name: user, Id: disabling.Id });
            await onChange();
          }}
        >
          Programs that sign with {disabling.Id} are refused from now on. This cannot be undone.
        </Confirm>
      )}
      {made && (
        <Modal
          visible
          size="large"
          header="Your new access key"
          // Shown only once: a click beside the dialog does not close it.
          onDismiss={({ detail }) => detail.reason !== "overlay" && setMade(null)}
          footer={
            <Box float="right">
              <Button variant="primary" onClick={() => setMade(null)}>
                Done
              </Button>
            </Box>
          }
        >
          <SpaceBetween size="m">
            <Alert type="warning">The secret is shown only now. Where it is lost, create another key.</Alert>
            <Code
              label="environment"
              text={[
                `export AWS_ACCESS_KEY_ID='${made.Id}'`,
                `export AWS_SECRET_ACCESS_KEY='${made.Secret}'`,
                `export AWS_REGION='${region}'`,
                `export AWS_DEFAULT_REGION='${region}'`,
                `export AWS_ENDPOINT_URL='${window.location.origin}'`,
              ].join("\n")}
            />
          </SpaceBetween>
        </Modal>
      )}
    </>
  );
}
