import {
  ProvenSDK
} from "./shared-JCP4J35I.js";
import {
  ProvenError
} from "./shared-GPDSXGEP.js";
export {
  ProvenError,
  ProvenSDK
};
