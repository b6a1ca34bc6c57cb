import {
  ProvenSDK
} from "./shared-2NUNK2DV.js";
import {
  ProvenError
} from "./shared-ONUBXHUM.js";
export {
  ProvenError,
  ProvenSDK
};
