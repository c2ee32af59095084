import { lazy } from "react";
import { patient } from "@/lib/patient";

// Dialogs come with the first one that is opened.
const load = patient(() => import("./dialogs"));
export const RenameDialog = lazy(() => load().then((all) => ({ default: all.RenameDialog })));
export const MoveDialog = lazy(() => load().then((all) => ({ default: all.MoveDialog })));
export const VerifyDialog = lazy(patient(() => import("./verify-dialog")));
