import { I18nProvider } from "@cloudscape-design/components/i18n";
import Button from "@cloudscape-design/components/button";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { useBlocker, useLocation, useNavigate, useParams, useSearchParams } from "react-router-dom";
import { fatal } from "../../api/cache";
import { address, post } from "../../api/client";
import { fileName, projectPath } from "../../api/names";
import { datasetOf, imagesOf, refreshDataset, useLabels, useProject } from "../../api/queries";
import type { Picture } from "../../api/types";
import { Failure } from "../../components/Failure";
import { Loading } from "../../components/Loading";
import { Editor, type Change } from "../../editor/Editor";

const MOST_BOXES = 50;

interface Given {
  refs?: string[];
  /** The query of the gallery's page. */
  back?: string;
  /** Where in the gallery one was. */
  place?: object;
  /** The page that one came from, where it is not the gallery. */
  from?: string;
}

/** The box editor over the selected images; with `?ref=` in the address over those, else over the first ones. */
export function Component() {
  const { project: name = "", type = "train" } = useParams();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [parameters] = useSearchParams();
  const given = (useLocation().state ?? {}) as Given;
  const project = useProject(name);
  const arn = datasetOf(project.data, type === "test" ? "TEST" : "TRAIN")?.DatasetArn;
  const labels = useLabels(arn, true);
  const refs = given.refs ?? parameters.getAll("ref");
  const images = useQuery({
    queryKey: ["drawing", arn, refs],
    enabled: Boolean(arn),
    queryFn: () => read(arn ?? "", refs),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  // A ref, since the question is asked when one leaves, which may be before the page is drawn anew.
  const dirty = useRef(false);
  const blocker = useBlocker(useCallback(() => dirty.current, []));
  const setDirty = useCallback((changed: boolean) => {
    dirty.current = changed;
  }, []);
  useEffect(() => {
    document.title = `Draw bounding boxes: ${name} – Custom Labels`;
  }, [name]);
  useEffect(() => {
    if (blocker.state !== "blocked") return;
    if (window.confirm("Leave without saving? Changes to the boxes are lost.")) blocker.proceed();
    else blocker.reset();
  }, [blocker]);
  const exit = useCallback(() => {
    dirty.current = false; // the editor has asked
    navigate(given.from ?? projectPath(name, "datasets", type) + (given.back ?? ""), { state: given.place });
  }, [navigate, name, type, given.back, given.from, given.place]);

  async function save(changes: Change[]) {
    try {
      await write(changes);
    } catch (error) {
      const there = new Set((await read(arn ?? "", changes.map((change) => change.sourceRef))).map((image) => image.SourceRef));
      const gone = changes.filter((change) => !there.has(change.sourceRef));
      if (!gone.length) throw error;
      // One image that was deleted elsewhere does not keep the others from being saved.
      if (there.size) await write(changes.filter((change) => there.has(change.sourceRef)));
      const names = gone.map((change) => fileName(change.sourceRef)).join(", ");
      throw new Error(`Not in the dataset any more: ${names}. What was drawn on the other images is saved.`);
    } finally {
      if (arn) await refreshDataset(client, arn);
    }
  }

  async function write(changes: Change[]) {
    await post("images/boxes", {
      DatasetArn: arn,
      Images: changes.map((change) => ({
        SourceRef: change.sourceRef,
        Width: change.width,
        Height: change.height,
        Boxes: change.boxes.map((box) => ({ Label: box.label, Left: box.left, Top: box.top, Width: box.width, Height: box.height })),
      })),
    });
  }

  async function addLabel(label: string) {
    await post("labels", { DatasetArn: arn, Names: [label] });
    await client.invalidateQueries({ queryKey: ["labels", arn] });
  }

  // Boxes that are being drawn outlive whatever goes wrong meanwhile.
  const open = Boolean(images.data && labels.data);
  const error = fatal(project, labels, images);
  if (!open && (error || project.data === null || (project.data && !arn))) {
    return (
      <main style={{ padding: 24 }}>
        <Failure error={error ?? new Error("There is no such dataset.")} />
        <Button onClick={exit}>Back</Button>
      </main>
    );
  }
  if (!images.data || !labels.data) return <Loading />;
  if (!images.data.length) {
    return (
      <main style={{ padding: 24 }}>
        <Failure error={new Error("These images are not in the dataset any more.")} />
        <Button onClick={exit}>Back</Button>
      </main>
    );
  }
  return (
    <I18nProvider locale="en" messages={[]}>
      <main>
        <Editor
          images={images.data.map((image) => ({
            sourceRef: image.SourceRef,
            name: fileName(image.SourceRef),
            url: address("image", { SourceRef: image.SourceRef }),
            width: image.Width,
            height: image.Height,
            boxes: image.Boxes.map((box) => ({ label: box.Label, left: box.Left, top: box.Top, width: box.Width, height: box.Height })),
          }))}
          labels={labels.data.map((label) => ({ name: label.Name, colour: label.Colour }))}
          maxBoxes={MOST_BOXES}
          onSave={save}
          onExit={exit}
          onAddLabel={addLabel}
          onDirtyChange={setDirty}
        />
      </main>
    </I18nProvider>
  );
}

async function read(arn: string, refs: string[]): Promise<Picture[]> {
  if (!refs.length) return (await imagesOf(arn, {}, undefined, 96)).Images;
  return (await post<{ Images: Picture[] }>("images/find", { DatasetArn: arn, SourceRefs: refs })).Images;
}
