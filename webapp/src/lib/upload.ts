import { ApiError, apiURL, asProblem } from "./api";

/** Sends a form that holds files; told is how much of it is on its way, 0 to 1. */
export function sendForm<T>(
  path: string,
  form: FormData,
  told: (part: number) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    request.open("POST", apiURL(path));
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => told(total ? loaded / total : 0);
    request.onload = () => {
      if (request.status === 202) return resolve(request.response as T);
      const { status, statusText } = request;
      reject(new ApiError(asProblem(request.response, new Response(null, { status, statusText }))));
    };
    request.onerror = () =>
      reject(
        new ApiError({
          type: "about:blank",
          title: "The upload was cut off",
          status: 0,
          code: "unavailable",
        }),
      );
    request.send(form);
  });
}
