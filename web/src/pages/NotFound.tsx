import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { useNavigate } from "react-router-dom";
import { usePage } from "../shell/page";

export function Component() {
  const navigate = useNavigate();
  usePage(["Not found"]);
  return (
    <Box textAlign="center" padding="xxl">
      <Box variant="h1" padding={{ bottom: "m" }}>
        There is no such page
      </Box>
      <Button variant="primary" onClick={() => void navigate("/projects")}>
        To the projects
      </Button>
    </Box>
  );
}
