import { createBrowserRouter } from "react-router-dom";
import { Broken } from "./pages/Broken";
import { SignIn } from "./pages/SignIn";
import { Shell } from "./shell/Shell";

// Each page is loaded when it is first opened.
export const router = createBrowserRouter(
  [
    { path: "/sign-in", element: <SignIn />, errorElement: <Broken /> },
    {
      path: "/",
      element: <Shell />,
      errorElement: <Broken />,
      children: [
        { index: true, lazy: () => import("./pages/GetStarted") },
        { path: "examples", lazy: () => import("./pages/Examples") },
        { path: "projects", lazy: () => import("./pages/Projects") },
        { path: "projects/:project", lazy: () => import("./pages/Project") },
        { path: "projects/:project/create-dataset", lazy: () => import("./pages/CreateDataset") },
        { path: "projects/:project/datasets/:type", lazy: () => import("./pages/dataset/DatasetPage") },
        { path: "projects/:project/datasets/:type/draw", lazy: () => import("./pages/dataset/Draw") },
        { path: "projects/:project/train", lazy: () => import("./pages/Train") },
        { path: "projects/:project/models/:version", lazy: () => import("./pages/model/ModelPage") },
        { path: "projects/:project/models/:version/results", lazy: () => import("./pages/model/Results") },
        { path: "projects/:project/compare", lazy: () => import("./pages/model/Compare") },
        { path: "users", lazy: () => import("./pages/people/Users") },
        { path: "users/:user", lazy: () => import("./pages/people/UserPage") },
        { path: "audit", lazy: () => import("./pages/people/Audit") },
        { path: "account", lazy: () => import("./pages/people/Account") },
        { path: "*", lazy: () => import("./pages/NotFound") },
      ],
    },
  ],
  { basename: "/console" },
);
