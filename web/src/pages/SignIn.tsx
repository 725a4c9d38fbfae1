import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router-dom";
import { post, words } from "../api/client";

/** Signs in: with the link's token that the address carries after #, else by name and password. */
export function SignIn() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const location = useLocation();
  const [name, setName] = useState("administrator");
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const [failure, setFailure] = useState("");
  const [working, setWorking] = useState(false);
  const tried = useRef("");
  const { from = "/", over = false } = (location.state ?? {}) as { from?: string; over?: boolean };

  async function enter(path: string, body: object, target: string) {
    setWorking(true);
    setFailure("");
    try {
      await post(path, body);
      client.clear();
      navigate(target, { replace: true });
    } catch (error) {
      setFailure(words(error));
      setWorking(false);
    }
  }

  useEffect(() => {
    document.title = "Sign in – Custom Labels";
  }, []);

  // The address may get its token while this page is open: a link that is pasted over it loads no new page.
  useEffect(() => {
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (!token || tried.current === token) return;
    tried.current = token; // a link is good once, and effects of React's strict mode run twice
    window.history.replaceState(window.history.state, "", window.location.pathname);
    void enter("session/link", { Token: token }, "/?welcome=1");
    // Only when the address changes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [location.hash]);

  return (
    <main style={{ maxInlineSize: 440, margin: "10vh auto", padding: "0 16px" }}>
      <Container header={<Header variant="h1">Custom Labels</Header>}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void enter("session", { User: name, Password: password, Account: account || undefined }, from);
          }}
        >
          <SpaceBetween size="l">
            {failure ? (
              <Alert type="error">{failure}</Alert>
            ) : (
              over && <Alert type="info">Your session is over. Sign in again to go on where you were.</Alert>
            )}
            <FormField label="User name">
              <Input value={name} onChange={({ detail }) => setName(detail.value)} autoComplete="username" />
            </FormField>
            <FormField label="Password">
              <Input
                type="password"
                value={password}
                onChange={({ detail }) => setPassword(detail.value)}
                autoComplete="current-password"
              />
            </FormField>
            <FormField label="Account" description="Only if your server has several: its name or its 12 digits.">
              <Input value={account} onChange={({ detail }) => setAccount(detail.value)} />
            </FormField>
            <Button variant="primary" formAction="submit" loading={working} fullWidth>
              Sign in
            </Button>
            <Box color="text-body-secondary" fontSize="body-s">
              The first time, open the link that <code>customlabels serve</code> prints. Where it is lost,{" "}
              <code>customlabels users link NAME</code> makes another one.
            </Box>
          </SpaceBetween>
        </form>
      </Container>
    </main>
  );
}
