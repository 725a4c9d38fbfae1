import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import type { Size } from "./geometry";
import type { ImageState } from "./state";
import type { View } from "./view";

interface PictureProps {
  image: ImageState;
  view: View | null;
  onLoad: (size: Size) => void;
  onError: () => void;
}

/** The image under the canvas, or in its place a word about why there is none. */
export function Picture({ image, view, onLoad, onError }: PictureProps) {
  const [attempt, setAttempt] = useState(0);
  const { status, frame, name, url } = image;
  const shown = view && frame && status !== "broken";
  return (
    <>
      <img
        key={attempt}
        className="editor-picture"
        src={url}
        alt=""
        draggable={false}
        style={
          shown
            ? {
                width: frame.width,
                height: frame.height,
                transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})`,
                // Enlarged this far, somebody looks for the edge between two pixels.
                imageRendering: view.scale >= 4 ? "pixelated" : "auto",
              }
            : { visibility: "hidden" }
        }
        onLoad={({ currentTarget }) =>
          onLoad({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })
        }
        onError={onError}
      />
      {status === "waiting" && <p className="editor-message">Loading {name}</p>}
      {status === "broken" && (
        <div className="editor-message" role="alert">
          <p>{name} could not be loaded. Go on with another image, or try again.</p>
          <Button onClick={() => setAttempt(attempt + 1)}>Try again</Button>
        </div>
      )}
    </>
  );
}
