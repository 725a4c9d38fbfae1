import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { useRouteError } from "react-router-dom";
import { words } from "../api/client";

/** What browsers say of a script or style sheet that they do not get. */
const LOADING = /preload CSS|imported module|module script/i;

/** What is shown where the console itself has failed, as when the server has a newer one. */
export function Broken() {
  const error = useRouteError();
  return (
    <main style={{ maxInlineSize: 640, margin: "10vh auto", padding: "0 16px" }}>
      <Alert
        type="error"
        header="This page could not be shown"
        action={<Button onClick={() => window.location.reload()}>Load the page again</Button>}
      >
        {LOADING.test(words(error))
          ? "A part of the console could not be loaded. Either the server does not answer, or it has a newer console than this window."
          : words(error)}
      </Alert>
    </main>
  );
}
