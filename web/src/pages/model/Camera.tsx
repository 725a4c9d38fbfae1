import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useRef, useState } from "react";

/** Takes a picture with the camera of the machine that the browser runs on. */
export function Camera({ onTake, onClose }: { onTake: (file: Blob) => void; onClose: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [failure, setFailure] = useState("");
  const [ready, setReady] = useState(false);

  useEffect(() => {
    let stream: MediaStream | null = null;
    let closed = false;
    async function open() {
      if (!navigator.mediaDevices) throw new Error("The browser gives the camera only to pages of https or localhost.");
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (closed) stream.getTracks().forEach((track) => track.stop());
      else if (video.current) video.current.srcObject = stream;
    }
    open().catch((error: unknown) => setFailure(error instanceof Error ? error.message : "There is no camera."));
    return () => {
      closed = true;
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);

  function take() {
    const from = video.current;
    if (!from) return;
    const canvas = document.createElement("canvas");
    canvas.width = from.videoWidth;
    canvas.height = from.videoHeight;
    canvas.getContext("2d")?.drawImage(from, 0, 0);
    canvas.toBlob((blob) => {
      if (blob) onTake(blob);
      onClose();
    }, "image/jpeg", 0.92);
  }

  return (
    <Modal
      visible
      header="Camera"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" disabled={!ready} onClick={take}>
              Take picture
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {failure && <Alert type="error">{failure}</Alert>}
      <video ref={video} autoPlay playsInline muted style={{ inlineSize: "100%" }} onLoadedData={() => setReady(true)} />
    </Modal>
  );
}
