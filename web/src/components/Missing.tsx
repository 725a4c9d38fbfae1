import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { useNavigate } from "react-router-dom";
import { projectPath } from "../api/names";

interface Props {
  project: string;
  /** A model of the project that is missing, where the project is there. */
  model?: string;
}

/** Stands on the page of something that is not there, and leads to what is. */
export function Missing({ project, model }: Props) {
  const navigate = useNavigate();
  return (
    <Alert
      type="warning"
      header={model ? `There is no model ${model} in ${project}` : `There is no project ${project}`}
      action={
        model ? (
          <Button onClick={() => void navigate(projectPath(project))}>To the project</Button>
        ) : (
          <Button onClick={() => void navigate("/projects")}>To the projects</Button>
        )
      }
    >
      It may have been deleted{model ? "" : ", or belongs to another account"}.
    </Alert>
  );
}
